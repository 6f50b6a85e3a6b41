import { problem, UserError } from "../../errors.ts";
import type { InstanceRecord } from "../../state/state.ts";

/** What one `davit scp` copies. */
export interface Copy {
	readonly direction: "from" | "to";
	/** Of instances, as operators write it; undefined: all. */
	readonly selector: string | undefined;
	readonly sources: readonly string[];
	readonly target: string;
}

interface Word {
	/** Undefined: a path of this machine. */
	readonly selector?: string;
	readonly path: string;
}

/** Reads `scp`'s words: sources, and the target last; one side is `GROUP/INDEX:PATH`. Throws a UserError (exit code 64). */
export function parseScpWords(given: readonly string[]): Copy {
	const words = given.map(parseWord);
	const target = words.at(-1);
	const sources = words.slice(0, -1);
	if (!target || sources.length === 0) throw misuse("scp takes what to copy and where to");
	const selectors = new Set(sources.map(({ selector }) => selector));
	const [selector] = selectors;
	if (selectors.size > 1)
		throw misuse("all that is copied at once must be on the same side, and of the same instances");
	if (selector !== undefined && target.selector !== undefined)
		throw misuse("scp copies from instances or to instances, not between them", "copy it to this machine first");
	const remote = selector ?? target.selector;
	if (remote === undefined)
		throw misuse(
			"neither side names an instance",
			`write it as in web/0:${target.path}; a local path with a colon as ./a:b`,
		);
	return {
		direction: selector === undefined ? "to" : "from",
		selector: remote === "" || remote === "all" ? undefined : remote,
		sources: sources.map(({ path }) => path),
		target: target.path,
	};
}

/** The words of a path that stand for the instance: `((instance_id))` as in `bosh scp`, `((group))` and `((index))`. */
export function fillIn(path: string, { id, group, index }: Pick<InstanceRecord, "id" | "group" | "index">): string {
	const values: Readonly<Record<string, string>> = { instance_id: id, group, index: String(index) };
	return path.replace(/\(\((instance_id|group|index)\)\)/g, (_, name: string) => values[name] ?? "");
}

/** True if {@link fillIn} makes another path for each of several instances. */
export function tellsApart(
	path: string,
	instances: readonly Pick<InstanceRecord, "id" | "group" | "index">[],
): boolean {
	return new Set(instances.map((instance) => fillIn(path, instance))).size === instances.length;
}

/** What begins like a path is one; else `GROUP`, `GROUP/INDEX`, `all` or nothing before the first colon makes it remote. */
function parseWord(word: string): Word {
	const [, selector, path] = /^((?![./~])[^/:]*(?:\/[^/:]*)?):(.*)$/s.exec(word) ?? [];
	if (selector === undefined || path === undefined) return { path: word };
	return { selector, path: path === "" ? "." : path };
}

function misuse(message: string, hint = "davit scp --help"): UserError {
	return new UserError(problem("usage", message, { hint }), { exitCode: 64 });
}
