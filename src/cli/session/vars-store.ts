import { randomUUID } from "node:crypto";
import { chmod, chown, open, readFile, rename, rm, stat } from "node:fs/promises";
import { problem, UserError } from "../../errors.ts";
import type { Value } from "../../manifest/deployment.ts";
import { formatNode } from "../../manifest/format.ts";
import { type Interpolated, interpolateManifest, type ManifestTexts } from "../../manifest/interpolate-manifest.ts";
import { fromValue, keyId, type MapEntry, type Node, toValue } from "../../manifest/node.ts";
import { variableDefinitions } from "../../manifest/schema.ts";
import { readVariables, type Text } from "../../manifest/sources.ts";
import { parseNode } from "../../manifest/yaml.ts";
import { fillStore } from "../../variables/vars-store.ts";
import type { CliContext } from "../command.ts";

/**
 * Interpolates with a vars store: a file of BOSH's own form, names to values, that is asked last. What the manifest defines and the file
 * lacks is made and written there. Nothing is written beside an error, and nothing if nothing was made.
 */
export async function interpolateWithStore(
	texts: ManifestTexts,
	store: Text & { readonly path: string },
	context: CliContext,
): Promise<Interpolated> {
	const without = interpolateManifest({ ...texts, varErrs: false, varErrsUnused: false });
	if (without.problems.length > 0) return without;
	const read = variableDefinitions(without);
	const { given, stored } = valuesOf(texts, store);
	const errors = [...given.problems, ...stored.problems, ...read.problems];
	if (errors.length > 0) return { ...without, problems: errors };
	const { made } = await fillStore(
		read.definitions,
		{ stored: plain(stored.values), given: plain(given.values) },
		context,
	);
	const text = made.size === 0 ? store.text : withValues(store, made);
	const result = interpolateManifest({ ...texts, variables: { ...texts.variables, store: { ...store, text } } });
	if (result.problems.length === 0 && made.size > 0) await replace(store, text);
	return result;
}

function valuesOf({ variables = {} }: ManifestTexts, store: Text) {
	return { given: readVariables(variables), stored: readVariables({ varsFiles: [store] }) };
}

function plain(values: ReadonlyMap<string, Node>): ReadonlyMap<string, Value> {
	return new Map([...values].map(([name, node]) => [name, toValue(node)]));
}

/** The store's text with these values: what stood there stays in its place, what is new comes after it. */
function withValues({ text, file }: Text, made: ReadonlyMap<string, Value>): string {
	const { node } = parseNode(text, file);
	const entries = new Map<string, MapEntry>(node.kind === "map" ? node.entries : []);
	for (const [name, value] of made) {
		const key = { kind: "scalar", value: name, place: { file } } as const;
		entries.set(keyId(key), { key, value: fromValue(value) });
	}
	return formatNode({ kind: "map", entries, place: { file } });
}

/** The file's text; none if there is no file yet. */
export async function readStore(path: string, file: string): Promise<Text & { readonly path: string }> {
	try {
		return { path, file, text: await readFile(path, "utf8") };
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return { path, file, text: "" };
		const message = `the vars store can't be read: ${(error as Error).message}`;
		throw new UserError(
			problem("vars-store", message, { place: { file }, hint: "check the path and who may read it" }),
		);
	}
}

/** Writes the whole file beside the old one and puts it in its place; mode and owner stay, a new one is for its owner only. */
async function replace(store: Text & { readonly path: string }, text: string): Promise<void> {
	const { path, file } = store;
	const beside = `${path}.${randomUUID()}`;
	try {
		const former = await stat(path).catch(() => undefined);
		const handle = await open(beside, "wx", 0o600);
		try {
			await handle.writeFile(text);
			await handle.sync();
		} finally {
			await handle.close();
		}
		if (former) {
			await chown(beside, former.uid, former.gid).catch(() => {});
			await chmod(beside, former.mode & 0o7777);
		}
		if ((await readStore(path, file)).text !== store.text) throw changed(file);
		await rename(beside, path);
	} catch (error) {
		await rm(beside, { force: true });
		if (error instanceof UserError) throw error;
		const message = `the vars store can't be written: ${(error as Error).message}`;
		const hint =
			"the values that were made are lost; make room or give yourself the right to write there, and run it again";
		throw new UserError(problem("vars-store", message, { place: { file }, hint }));
	}
}

function changed(file: string): UserError {
	const message = "somebody else changed the vars store meanwhile, and nothing was written";
	return new UserError(problem("vars-store-changed", message, { place: { file }, hint: "run it again" }));
}
