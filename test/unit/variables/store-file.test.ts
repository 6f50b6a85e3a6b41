import {
	chmodSync,
	lstatSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { UserError } from "../../../src/errors.ts";
import { readStore, replaceStore } from "../../../src/variables/store-file.ts";
import { systemRandom } from "../../support/manual-clock.ts";

let folder: string;
let path: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "davit-store-"));
	path = join(folder, "store.yml");
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = () => readStore(path, "store.yml");
const code = async (work: Promise<void>) =>
	await work.then(
		() => undefined,
		(error: UserError) => `${error.problems[0]?.code} at ${error.problems[0]?.place?.file}, exit ${error.exitCode}`,
	);

test("the one who read an older text loses, and nobody's values are lost", async () => {
	const [first, second] = [await read(), await read()];
	await replaceStore(first, "a: 1\n", systemRandom);
	expect(await code(replaceStore(second, "b: 2\n", systemRandom))).toBe("vars-store-changed at store.yml, exit 1");
	expect(readFileSync(path, "utf8")).toBe("a: 1\n");
	expect(readdirSync(folder)).toEqual(["store.yml"]);
	await replaceStore(await read(), "a: 1\nb: 2\n", systemRandom);
	expect(readFileSync(path, "utf8")).toBe("a: 1\nb: 2\n");
});

test("of many at the same moment exactly one writes, and the file is that one's", async () => {
	writeFileSync(path, "old: 1\n");
	const store = await read();
	const texts = Array.from({ length: 20 }, (_, index) => `by: ${index}\n`);
	const ends = await Promise.all(texts.map((text) => code(replaceStore(store, text, systemRandom))));
	const winners = texts.filter((_, index) => ends[index] === undefined);
	expect(winners).toEqual([readFileSync(path, "utf8")]);
	for (const end of ends)
		expect([undefined, "vars-store-changed at store.yml, exit 1", "vars-store-held at store.yml, exit 3"]).toContain(
			end,
		);
	expect(readdirSync(folder)).toEqual(["store.yml"]);
});

test("an empty file that came meanwhile is somebody's as well", async () => {
	const store = await read();
	writeFileSync(path, "");
	expect(await code(replaceStore(store, "a: 1\n", systemRandom))).toBe("vars-store-changed at store.yml, exit 1");
});

test("a link stays a link, and the file that it names is replaced, with its mode", async () => {
	writeFileSync(join(folder, "real.yml"), "a: 1\n");
	chmodSync(join(folder, "real.yml"), 0o640);
	symlinkSync("real.yml", path);
	await replaceStore(await read(), "a: 2\n", systemRandom);
	expect(lstatSync(path).isSymbolicLink()).toBe(true);
	expect(readFileSync(join(folder, "real.yml"), "utf8")).toBe("a: 2\n");
	expect(statSync(path).mode & 0o777).toBe(0o640);
});

test("a file that is read-only stays as it is, for root too; a new one is for its owner only", async () => {
	await replaceStore(await read(), "a: 1\n", systemRandom);
	expect(statSync(path).mode & 0o777).toBe(0o600);
	chmodSync(path, 0o444);
	expect(await code(replaceStore(await read(), "a: 2\n", systemRandom))).toBe("vars-store at store.yml, exit 1");
	expect(readFileSync(path, "utf8")).toBe("a: 1\n");
	expect(readdirSync(folder)).toEqual(["store.yml"]);
});

test("what is no file is told", async () => {
	await expect(readStore(folder, "here")).rejects.toThrow("the vars store can't be read: EISDIR");
});
