import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { boshImage, keptBoshStemcell } from "../../../../src/cli/session/bosh-stemcells.ts";
import { DISK, heavy, manifest, tar } from "../../stemcell/bosh/stemcells.ts";

let folder: string;
let file: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "davit-bosh-stemcells-"));
	file = join(folder, "stemcell.tgz");
	writeFileSync(file, tar(heavy()));
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = () => keptBoshStemcell(file, join(folder, "cache/stemcells"));

test("a file that stays as it is isn't read again; one that changed is", async () => {
	const stemcell = await read();
	expect(stemcell).toMatchObject({ os: "ubuntu-jammy", version: "1.260", light: false });
	utimesSync(file, 1_700_000_000, 1_700_000_000);
	await read();
	writeFileSync(file, Buffer.alloc(statSync(file).size));
	utimesSync(file, 1_700_000_000, 1_700_000_000);
	expect(await read()).toEqual(stemcell);
	writeFileSync(file, tar(heavy(manifest({ version: "'1.261'" }))));
	expect((await read()).version).toBe("1.261");
});

test("the cloud is given a heavy one's disk, which lies in two archives", async () => {
	const { cloudProperties, open } = boshImage(await read(), file);
	expect(cloudProperties).toMatchObject({ disk_format: "qcow2" });
	expect(Buffer.concat((await (await open?.())?.toArray()) as Buffer[])).toEqual(DISK);
});

test("of a light one only what it refers to", async () => {
	const light = { ...(await read()), light: true, cloudProperties: { volume: "jammy.qcow2" } };
	expect(boshImage(light, file)).toEqual({ cloudProperties: { volume: "jammy.qcow2" } });
});
