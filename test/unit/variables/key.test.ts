import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { UserError } from "../../../src/errors.ts";
import { type KeyOptions, keyedDigest, loadKey } from "../../../src/variables/key.ts";
import { defaultKeyFile } from "../../../src/variables/key-file.ts";
import { systemRandom } from "../../support/manual-clock.ts";

let folder: string;
let file: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "davit-key-"));
	file = join(folder, "config", "davit", "key");
});
afterEach(() => rm(folder, { recursive: true }));

const load = (more: Partial<KeyOptions> = {}) =>
	loadKey({
		...{ env: {}, file, storeFolder: join(folder, "home"), mayCreate: true, random: systemRandom },
		...more,
	});

async function refusalOf(loading: Promise<unknown>): Promise<UserError> {
	const error = await loading.then(
		() => undefined,
		(reason: unknown) => reason,
	);
	if (!(error instanceof UserError)) throw new Error("was not refused", { cause: error });
	return error;
}

const hex = "00112233445566778899aabbccddeeff".repeat(2);
const base64 = Buffer.from(hex, "hex").toString("base64");

describe("the key file", () => {
	test("is made once, for its owner only", async () => {
		const first = await load();
		expect(first).toMatchObject({ created: true, source: file });
		expect((await stat(file)).mode & 0o777).toBe(0o600);
		expect((await stat(join(folder, "config", "davit"))).mode & 0o777).toBe(0o700);
		expect(await load()).toEqual({ ...first, created: false });
	});

	test("is one and the same for processes that start at the same moment", async () => {
		const keys = await Promise.all(Array.from({ length: 8 }, () => load()));
		expect(new Set(keys.map(({ id }) => id)).size).toBe(1);
		expect(keys.filter(({ created }) => created)).toHaveLength(1);
	});

	test.each([0o640, 0o604, 0o660])("is refused with mode %o", async (mode) => {
		await load();
		await chmod(file, mode);
		const refused = await refusalOf(load());
		expect(refused.message).toBe(`the key file is open to others (mode 0${mode.toString(8)})`);
		expect(refused.problems[0]?.hint).toBe(`chmod 600 ${file}, if you are sure that nobody took it`);
	});

	test("is refused in the store's folder, also through a link", async () => {
		const storeFolder = join(folder, "home");
		const beside = join(storeFolder, "key");
		const refused = await refusalOf(load({ file: beside }));
		expect(refused.message).toBe(`the key file lies in the folder of the state store, ${storeFolder}`);
		await mkdir(storeFolder);
		await symlink(storeFolder, join(folder, "config"));
		expect((await refusalOf(load())).problems[0]?.code).toBe("key-beside-store");
	});

	test("is not made anew when something is sealed with the one that is gone", async () => {
		const refused = await refusalOf(load({ mayCreate: false }));
		expect(refused.message).toBe("the key file is gone, and the state store holds variables sealed with it");
		await expect(stat(file)).rejects.toThrow("ENOENT");
	});

	test.each([
		["a folder", "config/davit/key/more", "can't be read: illegal operation on a directory"],
		["in what is a file", "config/davit", "can't be read: not a directory"],
		["in a folder that can't be made", "config", "can't be read: not a directory"],
	])("that is %s is one clear error, whether something is sealed or not", async (_, path, why) => {
		await mkdir(dirname(join(folder, path)), { recursive: true, mode: 0o700 });
		await writeFile(join(folder, path), "");
		if (path.endsWith("more")) await chmod(file, 0o700);
		for (const mayCreate of [true, false]) {
			const refused = await refusalOf(load({ mayCreate }));
			expect(refused.message).toBe(`the key file ${why}`);
			expect(refused.problems[0]).toMatchObject({ code: "key-file-unusable", place: { file } });
		}
	});

	test("lies in XDG_CONFIG_HOME or ~/.config", () => {
		expect(defaultKeyFile({}, "/home/kim")).toBe("/home/kim/.config/davit/key");
		expect(defaultKeyFile({ XDG_CONFIG_HOME: "/config" }, "/home/kim")).toBe("/config/davit/key");
	});
});

describe("where the key comes from", () => {
	test("an environment variable, in hex or base64, and no file is made", async () => {
		const key = await load({ env: { DAVIT_KEY: hex, DAVIT_KEY_COMMAND: "exit 1" } });
		expect(key).toMatchObject({ source: "DAVIT_KEY" });
		const others = [
			base64,
			base64.replaceAll("+", "-").replaceAll("/", "_").replace("=", ""),
			`${hex.toUpperCase()}\n`,
		];
		for (const text of others) expect((await load({ env: { DAVIT_KEY: text } })).id).toBe(key.id);
		await expect(stat(file)).rejects.toThrow("ENOENT");
	});

	test("a command's output", async () => {
		const key = await load({ env: { DAVIT_KEY_COMMAND: `cat; echo ${base64} | cat` } });
		expect(key).toMatchObject({ source: "DAVIT_KEY_COMMAND", id: (await load({ env: { DAVIT_KEY: hex } })).id });
	});

	test("a command that fails is shown with its last words", async () => {
		const command = "echo one >&2; echo 'no such entry: davit' >&2; exit 3";
		const refused = await refusalOf(load({ env: { DAVIT_KEY_COMMAND: command } }));
		expect(refused.message).toBe("the command in DAVIT_KEY_COMMAND failed with exit code 3: no such entry: davit");
		expect(refused.problems[0]?.hint).toBe('see what it says by hand: sh -c "$DAVIT_KEY_COMMAND"');
	});

	test.each([base64, hex, `/${base64}`, "/etc/passwd"])(
		"a key in the place of the command is not shown: %s",
		async (command) => {
			const refused = await refusalOf(load({ env: { DAVIT_KEY_COMMAND: command } }));
			expect(refused.problems).toHaveLength(1);
			expect(JSON.stringify(refused.problems)).not.toContain(command);
		},
	);

	test.each(["hunter2hunter2", "", `${hex}00`, base64.slice(4)])(
		"what is no key is refused and not shown: %j",
		async (text) => {
			const refused = await refusalOf(load({ env: { DAVIT_KEY_COMMAND: `printf %s '${text}'` } }));
			expect(refused.message).toBe("DAVIT_KEY_COMMAND holds no key: 32 bytes in base64 or hex are needed");
		},
	);
});

test("a keyed digest tells same from other, and depends on the key", async () => {
	const key = await load();
	const other = await load({ env: { DAVIT_KEY: hex } });
	expect(keyedDigest(key, "x")).toMatch(/^[0-9a-f]{64}$/);
	expect(keyedDigest(key, "x")).toBe(keyedDigest(key, Buffer.from("x")));
	expect(new Set([keyedDigest(key, "x"), keyedDigest(key, "y"), keyedDigest(other, "x")]).size).toBe(3);
});

test("neither the id nor a derived key is the secret itself", async () => {
	const key = await load();
	const secret = Buffer.from((await readFile(file, "utf8")).trim(), "base64").toString("hex");
	const parts = [key.id, Buffer.from(key.sealing).toString("hex"), Buffer.from(key.digesting).toString("hex")];
	expect(new Set([...parts, secret]).size).toBe(4);
	expect(secret).not.toContain(key.id);
});
