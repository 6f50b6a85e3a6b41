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

/** A key that may log in. With a command, as sshd's `restrict,command=` has it: it runs that and has nothing else. */
export interface AuthorizedKey {
	readonly key: ParsedKey;
	readonly command?: string;
}

const OPTIONS = /^restrict,expiry-time="(\d{14})",command="((?:[^"\\]|\\.)*)" ((?:ssh|ecdsa)-.*)$/;

/** The keys that may log in at that time. Lines with other options than these are left out: this server has no way to honour them. */
export function authorizedKeys(account: Account, now: Date): readonly AuthorizedKey[] {
	const file = `${account.home}/.ssh/authorized_keys`;
	if (!existsSync(file)) return [];
	return readFileSync(file, "utf8")
		.split("\n")
		.flatMap((line) => {
			const [, until = "", quoted, restricted = ""] = OPTIONS.exec(line) ?? [];
			if (quoted === undefined) return /^(ssh|ecdsa)-/.test(line) ? keyOf(line, {}) : [];
			return until > localTime(now) ? keyOf(restricted, { command: quoted.replaceAll('\\"', '"') }) : [];
		});
}

function keyOf(line: string, more: { readonly command?: string }): readonly AuthorizedKey[] {
	const key = ssh2.utils.parseKey(line);
	return key instanceof Error ? [] : [{ key, ...more }];
}

/** As in expiry-time: the machine's own time, to the second. */
function localTime(now: Date): string {
	const parts = [now.getMonth() + 1, now.getDate(), now.getHours(), now.getMinutes(), now.getSeconds()];
	return `${now.getFullYear()}${parts.map((part) => String(part).padStart(2, "0")).join("")}`;
}
