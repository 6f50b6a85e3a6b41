import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isoImage } from "../../../../cpis/libvirt/iso9660.ts";
import { onPath } from "../../../support/on-path.ts";

const files = { "user-data": `#cloud-config\n${"한글 ".repeat(1000)}`, "meta-data": "{}\n", "network-config": "" };

const inFolders = {
	"ec2/latest/user-data": "{}",
	"ec2/latest/meta-data.json": "[]",
	"ec2/1": "1",
	"nova/latest/a": "a",
};

test.skipIf(!onPath("isoinfo")).each([
	["in one folder", files, ["/meta-data", "/network-config", "/user-data"]],
	[
		"in folders of folders",
		inFolders,
		"/ec2 /nova /ec2/1 /ec2/latest /nova/latest /ec2/latest/meta-data.json /ec2/latest/user-data /nova/latest/a".split(
			" ",
		),
	],
])("another program (isoinfo) finds the label, the long names and every byte, %s", (_, given, found) => {
	const folder = mkdtempSync(join(tmpdir(), "davit-iso-"));
	try {
		const image = join(folder, "seed.iso");
		writeFileSync(image, isoImage("cidata", given));
		const isoinfo = (...args: string[]) => execFileSync("isoinfo", ["-i", image, ...args], { encoding: "utf8" });
		expect(isoinfo("-d")).toMatch(/Volume id: cidata\n[\s\S]*Rock Ridge signatures version 1 found/);
		expect(isoinfo("-R", "-f").trim().split("\n").sort()).toEqual(found.sort());
		for (const [name, text] of Object.entries(given)) expect(isoinfo("-R", "-x", `/${name}`), name).toBe(text);
	} finally {
		rmSync(folder, { recursive: true });
	}
});

test("the same files give the same bytes; a folder that is too big is refused", () => {
	expect(isoImage("cidata", files).equals(isoImage("cidata", files))).toBe(true);
	const many = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`file-${index}`, ""]));
	expect(() => isoImage("x", many)).toThrow("40 files");
});
