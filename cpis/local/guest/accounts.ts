import { existsSync, readFileSync } from "node:fs";
import ssh2, { type ParsedKey } from "ssh2";

export interface Account {
	readonly name: string;
	readonly uid: number;
	readonly gid: number;
	readonly home: string;
	readonly shell: string;
}

/** The user's line in /etc/passwd, read anew each time: bootstrap and jobs change it. */
export function findAccount(name: string): Account | undefined {
	for (const line of readFileSync("/etc/passwd", "utf8").split("\n")) {
		const [user, , uid, gid, , home, shell] = line.split(":");
		if (user === name && home !== undefined)
			return { name, uid: Number(uid), gid: Number(gid), home, shell: shell || "/bin/sh" };
	}
	return undefined;
}

/** The keys that may log in. Lines with options are left out: this server has no way to honour a restriction. */
export function authorizedKeys(account: Account): readonly ParsedKey[] {
	const file = `${account.home}/.ssh/authorized_keys`;
	if (!existsSync(file)) return [];
	const lines = readFileSync(file, "utf8")
		.split("\n")
		.filter((line) => /^(ssh|ecdsa)-/.test(line));
	return lines.map((line) => ssh2.utils.parseKey(line)).filter((key): key is ParsedKey => !(key instanceof Error));
}
