import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Login } from "../../apply/context.ts";
import { problem, UserError } from "../../errors.ts";
import { readKeyPair } from "../../ssh/read-key.ts";
import { type CliContext, type Options, text } from "../command.ts";
import { readText } from "./inputs.ts";
import { LOGIN_USER } from "./login.ts";
import { sshFolder } from "./openssh-files.ts";

export const privateKeyOption = {
	flags: "--private-key <file>",
	about: "the key that the VMs are entered with (default: the one that davit ssh-config wrote)",
} as const;

/** The key that an operator has. Throws a UserError that says where one may be. */
export async function givenLogin(deployment: string, options: Options, context: CliContext): Promise<Login> {
	const given = text(options, "privateKey");
	const written = join(sshFolder(deployment, context), "key");
	if (given === undefined && !existsSync(written))
		throw new UserError(
			problem(
				"no-login-key",
				`the key that davit logs in with was in the lost state store, and ${written} is not there`,
				{
					hint: `give one with --private-key FILE that user ${LOGIN_USER} has on the VMs: a copy of what davit ssh-config wrote, or one that you put there by the cloud's own means`,
				},
			),
		);
	const path = resolve(context.cwd, given ?? written);
	const { text: content } = await readText(path, context, "private key");
	const pair = readKeyPair(content);
	if ("problem" in pair)
		throw new UserError(
			problem("bad-login-key", `${path} holds no private key: ${pair.problem}`, {
				hint: "give an OpenSSH or PEM private key without a passphrase; ssh-keygen -p -f a copy of it takes one away",
			}),
		);
	context.hide([pair.privateKey]);
	return { user: LOGIN_USER, ...pair };
}

/** By the first name that OpenSSH knows a host by: the keys that davit ssh-config wrote down. */
export async function writtenHostKeys(
	deployment: string,
	context: Pick<CliContext, "home">,
): Promise<ReadonlyMap<string, readonly string[]>> {
	const file = join(sshFolder(deployment, context), "known_hosts");
	const lines = await readFile(file, "utf8").then(
		(content) => content.split("\n"),
		() => [],
	);
	const known = new Map<string, readonly string[]>();
	for (const line of lines) {
		const [name = "", type = "", key = ""] = line.trim().split(/\s+/);
		if (key !== "") known.set(name, [...(known.get(name) ?? []), `${type} ${key}`]);
	}
	return known;
}
