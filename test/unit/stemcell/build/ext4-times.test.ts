import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { settleTimes } from "../../../../src/stemcell/build/ext4-times.ts";

const SBIN = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
const hasTools = spawnSync("mke2fs", ["-V"], { env: SBIN }).status === 0;

const OFFSET = 1024 * 1024;
const UUID = "11111111-2222-8333-8444-555555555555";

let folder: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "davit-ext4-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A file system of three files, of which the last is made "now". */
function makeImage(name: string, now: number): string {
	const tree = join(folder, `${name}-tree`);
	mkdirSync(join(tree, "etc"), { recursive: true });
	for (const [file, time] of [
		["old", 1_000_000_000],
		["newer", 1_500_000_000],
		["made", now],
	] as const) {
		writeFileSync(join(tree, "etc", file), `${file}\n`);
		utimesSync(join(tree, "etc", file), time, time);
	}
	for (const of of [join(tree, "etc"), tree]) utimesSync(of, now, now);
	const image = join(folder, name);
	writeFileSync(image, "");
	truncateSync(image, 64 * 1024 * 1024);
	const extended = `offset=${OFFSET},hash_seed=${UUID},root_owner=0:0`;
	execFileSync(
		"mke2fs",
		[
			"-q",
			"-F",
			"-t",
			"ext4",
			"-U",
			UUID,
			"-O",
			"metadata_csum,64bit,^metadata_csum_seed,^orphan_file",
			"-E",
			extended,
			"-I",
			"256",
			"-d",
			tree,
			image,
			"32m",
		],
		{ env: { ...SBIN, E2FSPROGS_FAKE_TIME: "1400000000" } },
	);
	return image;
}

async function settle(image: string, since: number): Promise<number> {
	const file = await open(image, "r+");
	try {
		return await settleTimes(file, OFFSET, since);
	} finally {
		await file.close();
	}
}

test.skipIf(!hasTools)("images of the same files, made at other times, are the same bytes, and sound", async () => {
	const [first, second] = [makeImage("first", 1_700_000_000), makeImage("second", 1_800_000_000)];
	expect(await settle(first, 1_600_000_000)).toBe(1_500_000_000);
	expect(await settle(second, 1_600_000_000)).toBe(1_500_000_000);
	expect(readFileSync(first).equals(readFileSync(second))).toBe(true);
	const check = spawnSync("e2fsck", ["-f", "-n", `${first}?offset=${OFFSET}`], { env: SBIN, encoding: "utf8" });
	expect(check.stdout).not.toMatch(/checksum|Fix/);
	expect(check.status).toBe(0);
	const times = (path: string) => {
		const said = execFileSync("debugfs", ["-R", `stat ${path}`, `${first}?offset=${OFFSET}`], {
			env: SBIN,
			encoding: "utf8",
		});
		return [...said.matchAll(/^ ?(\w+): 0x([0-9a-f]+):/gm)].map(([, , hex]) => Number.parseInt(hex ?? "", 16));
	};
	expect(times("/etc/old")).toEqual(Array(4).fill(1_000_000_000));
	expect(times("/etc/made")).toEqual(Array(4).fill(1_500_000_000));
});
