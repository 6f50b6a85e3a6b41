import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, expect, test } from "vitest";
import { dropFolder, makeFolder, readRecords, sweep } from "../../../../cpis/local/folders.ts";

let folder: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "davit-folders-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);

test("a folder comes with its record and goes with it; what is there already gets the record and keeps the rest", () => {
	makeFolder(at("vm-1"), "vm.json", { n: 1 }, { name: "data", mode: 0o755 });
	expect(readdirSync(at("vm-1")).sort()).toEqual(["data", "vm.json"]);
	writeFileSync(join(at("vm-1"), "data/kept"), "");
	makeFolder(at("vm-1"), "vm.json", { n: 2 }, { name: "data", mode: 0o755 });
	expect(readdirSync(folder)).toEqual(["vm-1"]);
	expect(readdirSync(join(at("vm-1"), "data"))).toEqual(["kept"]);
	expect(readRecords(folder, "vm.json")).toEqual([{ n: 2 }]);
	dropFolder(at("vm-1"));
	expect(readdirSync(folder)).toEqual([]);
});

test("what a killed davit left is no thing, and is swept away; what a living one makes stays", () => {
	// A number that no process has: the greatest that Linux gives is smaller.
	for (const name of [".new-4194305-vm-1", `.new-${process.pid}-vm-2`, ".gone-vm-3", "vm-4"]) {
		mkdirSync(at(name));
		writeFileSync(join(at(name), "vm.json"), JSON.stringify(name));
	}
	expect(readRecords(folder, "vm.json")).toEqual(["vm-4"]);
	sweep(folder);
	expect(readdirSync(folder).sort()).toEqual([`.new-${process.pid}-vm-2`, "vm-4"]);
	expect(readFileSync(join(at("vm-4"), "vm.json"), "utf8")).toBe('"vm-4"');
	sweep(at("nowhere"));
});
