import { readFile } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { problem, UserError } from "../../errors.ts";
import type { Text } from "../../manifest/sources.ts";
import { type CliContext, type Options, texts } from "../command.ts";

/** Options of every command that takes a manifest, as in BOSH. */
export const manifestOptions = [
	{ flags: "-o, --ops-file <file>", about: "apply an ops file; repeatable", repeat: true },
	{ flags: "-v, --var <name=value>", about: "give a variable a value (YAML); repeatable", repeat: true },
	{ flags: "-l, --vars-file <file>", about: "variables from a YAML file; repeatable", repeat: true },
	{ flags: "--var-file <name=file>", about: "give a variable the text of a file; repeatable", repeat: true },
	{ flags: "--vars-env <prefix>", about: "variables from the environment, PREFIX_name; repeatable", repeat: true },
] as const;

/** Reads a file that the user named; a missing one is the user's problem. */
export async function readText(path: string, context: Pick<CliContext, "cwd">, what: string): Promise<Text> {
	const absolute = resolve(context.cwd, path);
	const file = shown(absolute, context.cwd);
	try {
		return { text: await readFile(absolute, "utf8"), file };
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		const why =
			code === "ENOENT"
				? "there is no such file"
				: code === "EISDIR"
					? "it is a folder"
					: code === "EACCES"
						? "it may not be read"
						: String(error);
		throw new UserError(
			problem("file-unreadable", `${what}: ${why}`, {
				place: { file },
				hint: `check the path; it counts from ${context.cwd}`,
			}),
		);
	}
}

/** A path as the user would write it: relative to where they stand, if it lies below. */
function shown(absolute: string, cwd: string): string {
	const short = relative(cwd, absolute);
	return short !== "" && !short.startsWith("..") ? short : absolute;
}

/** `name=rest` of -v and --var-file. */
function nameAndRest(text: string, flag: string): readonly [string, string] {
	const at = text.indexOf("=");
	if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
	throw new UserError(problem("bad-option", `${flag} ${text}: it has no "="`, { hint: `write ${flag} NAME=…` }), {
		exitCode: 64,
	});
}

/** Everything that a manifest is interpolated from, read. */
export async function readInputs(manifestPath: string, options: Options, context: CliContext) {
	const manifest = await readText(manifestPath, context, "manifest");
	const ops = await Promise.all(texts(options, "opsFile").map((path) => readText(path, context, "ops file")));
	const varsFiles = await Promise.all(texts(options, "varsFile").map((path) => readText(path, context, "vars file")));
	const varFiles = await Promise.all(
		texts(options, "varFile").map(async (given) => {
			const [name, path] = nameAndRest(given, "--var-file");
			return [name, (await readText(path, context, "file")).text] as const;
		}),
	);
	const vars = texts(options, "var").map((given) => nameAndRest(given, "-v"));
	const environment = texts(options, "varsEnv").map((prefix) => {
		const own = Object.entries(context.env).filter(
			([name, value]) => name.startsWith(`${prefix}_`) && value !== undefined,
		);
		return own.map(([name, value]) => [name.slice(prefix.length + 1), value as string] as const);
	});
	return {
		manifest,
		ops,
		variables: { environment: environment.flat(), varsFiles, varFiles, vars },
		manifestFile: resolve(context.cwd, manifestPath),
	};
}
