import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Random } from "../../src/clock.ts";
import type { Problem } from "../../src/errors.ts";
import type { Value, ValueMap, VariableDefinition } from "../../src/manifest/deployment.ts";
import { makeVariable } from "../../src/variables/generate.ts";
import { type KeyOptions, loadKey } from "../../src/variables/key.ts";
import { type KnownVariable, planVariables } from "../../src/variables/plan.ts";
import { openSealed, seal } from "../../src/variables/seal.ts";
import { decryptStore, encryptStore } from "../../src/variables/sealed-store.ts";
import { readStore, replaceStore } from "../../src/variables/store-file.ts";
import { type ErrorCase, type ErrorCases, MANIFEST, read, refusal, SECRET } from "./error-cases.ts";
import { manualClock } from "./manual-clock.ts";

const WEB_CA = "- {name: web_ca, type: certificate, options: {is_ca: true, common_name: ca}}\n";
const WEB_TLS = "- {name: web_tls, type: certificate, options: {ca: web_ca, common_name: web}}\n";

/** What a deploy is told of a manifest with these variables. */
function defining(variables: string, stored: readonly KnownVariable[] = []): ErrorCase {
	return async () => {
		const { deployment, problems } = read({ manifest: `${MANIFEST}${variables}` });
		const used = problems.filter(({ code }) => code !== "unused-variable");
		if (!deployment || used.length > 0) return used;
		let warnings: readonly Problem[] = [];
		const errors = await refusal(() => {
			warnings = planVariables(deployment.variables, stored).warnings;
		});
		return [...errors, ...warnings];
	};
}

const clock = manualClock();
/** The same each time, so that messages are. */
const random: Random = { bytes: (length) => new Uint8Array(length).fill(7), uuid: () => "4b1c" };

const certificate = (options: ValueMap): VariableDefinition => ({
	name: "web_tls",
	type: "certificate",
	options: { key_length: 2048, ...options },
	updateMode: "no-overwrite",
});

const made = (options: ValueMap) => makeVariable(certificate(options), () => undefined, { clock, random });

/** What it is told that is to sign with this value of its CA. */
const signedBy = (ca: () => Promise<Value> | Value, later = 0): ErrorCase => {
	return async () => {
		const value = await ca();
		const then = manualClock(clock.now() + later);
		const definition = read({ manifest: `${MANIFEST}${WEB_TLS}` }).deployment?.variables.at(-1) ?? certificate({});
		return await refusal(() => makeVariable(definition, () => value, { clock: then, random }));
	};
};

/** A folder that is gone afterwards, shown as `/home/kim`. */
function inFolder(work: (folder: string) => Promise<readonly Problem[]>): ErrorCase {
	return async () => {
		const folder = await mkdtemp(join(tmpdir(), "davit-errors-"));
		try {
			const told = await work(folder);
			return JSON.parse(JSON.stringify(told).replaceAll(folder, "/home/kim")) as readonly Problem[];
		} finally {
			await rm(folder, { recursive: true });
		}
	};
}

const keyOptions = (more: Partial<KeyOptions>): KeyOptions => ({
	...{ env: {}, file: "/none/key", storeFolder: "/none/store", mayCreate: true, random },
	...more,
});

const loading = (prepare: (file: string) => Promise<unknown>, store = ".davit", mayCreate = true): ErrorCase =>
	inFolder(async (folder) => {
		const file = join(folder, ".config/davit/key");
		await mkdir(join(folder, ".config"));
		await prepare(file);
		return await refusal(() => loadKey(keyOptions({ file, storeFolder: join(folder, store), mayCreate })));
	});

const makeKey = (file: string) => loadKey(keyOptions({ file }));
const withKey = (secret: string) => loadKey(keyOptions({ env: { DAVIT_KEY: secret.repeat(64) } }));

const opened = (secret: string, more: { readonly version?: number } = {}): ErrorCase => {
	return async () => {
		const place = { key: await withKey("0"), deployment: "shop", name: "db_password", version: 1 };
		const sealed = seal(SECRET, { ...place, random });
		const key = await withKey(secret);
		return await refusal(() => openSealed(sealed, { ...place, key, ...more }));
	};
};

/** What is told of an exported store with other bytes, or that is opened with another key. */
const exported = (secret: string, changed: (file: Buffer) => Uint8Array = (file) => file): ErrorCase => {
	return async () => {
		const header = { store: "store-1", exported_at: "2026-03-01T09:00:00.000Z", exported_by: "kim@laptop" };
		const file = encryptStore(Buffer.from("rows"), header, { key: await withKey("0"), random });
		const key = await withKey(secret);
		return await refusal(() => decryptStore(changed(file), "shop.state", key));
	};
};

const storing = (meanwhile: (path: string) => Promise<unknown>): ErrorCase =>
	inFolder(async (folder) => {
		const path = join(folder, "store.yml");
		const store = await readStore(path, "store.yml");
		await meanwhile(path);
		return await refusal(() => replaceStore(store, "web_ca: {}\n", random));
	});

const known = (name: string, type: VariableDefinition["type"]): KnownVariable => ({
	...{ name, type, version: 1, definition: "of its time" },
});

/** What is wrong with definitions of variables, with the CAs that sign, with the key, sealed values and vars stores. */
export const variableCases: ErrorCases = {
	"bad-ca": [
		signedBy(() => SECRET),
		signedBy(() => made({ is_ca: false })),
		signedBy(() => made({ is_ca: true, duration: 30 }), 31 * 24 * 3_600_000),
		signedBy(() => ({ certificate: SECRET, private_key: SECRET })),
		signedBy(async () => ({ ...((await made({ is_ca: true })) as ValueMap), private_key: "" })),
	],
	"bad-key": [() => refusal(() => loadKey(keyOptions({ env: { DAVIT_KEY: SECRET } })))],
	"bad-option": [defining("- {name: session, type: password, options: {length: long}}\n")],
	"key-beside-store": [loading(makeKey, ".config")],
	"key-command-failed": [
		() => refusal(() => loadKey(keyOptions({ env: { DAVIT_KEY_COMMAND: "echo no such secret >&2; exit 4" } }))),
		() => refusal(() => loadKey(keyOptions({ env: { DAVIT_KEY_COMMAND: SECRET } }))),
	],
	"key-file-open": [
		loading(async (file) => {
			await makeKey(file);
			await chmod(file, 0o644);
		}),
	],
	"key-file-unusable": [loading((file) => writeFile(dirname(file), ""))],
	"key-missing": [loading(async () => {}, ".davit", false)],
	"not-a-ca": [
		defining(`- {name: web_ca, type: password}\n${WEB_TLS}`),
		defining(`${WEB_CA.replaceAll("web_ca", "root")}${WEB_CA.replace("is_ca: true", "ca: root")}${WEB_TLS}`),
	],
	"not-a-state-export": [exported("0", () => Buffer.from("name: shop\n"))],
	"sealed-damaged": [opened("0", { version: 2 })],
	"signed-by-old-ca": [
		defining(`${WEB_CA.replace("options", "update_mode: converge, options")}${WEB_TLS}`, [
			known("web_ca", "certificate"),
			known("web_tls", "certificate"),
		]),
	],
	"state-export-damaged": [exported("0", (file) => file.subarray(0, -1))],
	"unknown-ca": [defining(WEB_TLS)],
	"unknown-option": [
		defining("- {name: session, type: password, options: {lenght: 40}}\n"),
		defining("- {name: deploy_key, type: ssh, options: {bits: 4096}}\n"),
	],
	"unresolved-option": [
		defining("- {name: web_tls, type: certificate, options: {is_ca: true, common_name: ((db_password))}}\n"),
	],
	"variable-cycle": [
		defining(
			"- {name: a, type: certificate, options: {is_ca: true, ca: b}}\n- {name: b, type: certificate, options: {is_ca: true, ca: a}}\n",
		),
	],
	"variable-type-changed": [defining("", [known("db_password", "rsa")])],
	"variable-without-ca": [defining("- {name: web_tls, type: certificate, options: {common_name: web}}\n")],
	"vars-store": [
		inFolder((folder) => refusal(() => readStore(folder, "store.yml"))),
		storing((path) => writeFile(path, "", { mode: 0o400 })),
	],
	"vars-store-changed": [storing((path) => writeFile(path, "web_ca: {}\n"))],
	"vars-store-held": [storing((path) => writeFile(`${path}.davit-writes`, ""))],
	"wrong-key": [opened("1"), exported("1")],
};
