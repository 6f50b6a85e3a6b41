import { existsSync } from "node:fs";
import process from "node:process";

/** Somebody who runs davit. `argv` comes before the command; `id` is the owner of what the test makes for them. */
export interface User {
	readonly name: string;
	readonly argv: readonly string[];
	readonly id?: number;
}

const NOBODY = 65_534;

const AS_NOBODY = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "--"];

/** Whoever runs the tests; if that is root, an ordinary user as well. */
export const users: readonly User[] =
	process.getuid?.() === 0
		? [
				{ name: "root", argv: [] },
				{
					name: "an ordinary user",
					argv: AS_NOBODY,
					id: NOBODY,
				},
			]
		: [{ name: "an ordinary user", argv: [] }];

/** In a mount namespace of its own, so that nothing of the machine changes. */
const WITH_SUBIDS = `file=$(mktemp)
printf '%s' "$1" >"$file" && chmod 644 "$file"
mount --bind "$file" /etc/subuid && mount --bind "$file" /etc/subgid && rm "$file" && shift && exec "$@"`;

function withSubids(name: string, subids: string): User {
	const inside = ["unshare", "--mount", "--propagation", "private", "sh", "-c", WITH_SUBIDS, "with-subids", subids];
	return { name, argv: [...inside, ...AS_NOBODY], id: NOBODY };
}

/** Ordinary users for whom newuidmap has a range of ids (subuid(5)), and has none. It takes root to make them. */
export const usersByIds: readonly User[] =
	process.getuid?.() === 0 && existsSync("/etc/subuid") && existsSync("/etc/subgid")
		? [
				withSubids("an ordinary user without a range of ids", ""),
				...(existsSync("/usr/bin/newuidmap")
					? [withSubids("an ordinary user with a range of ids", `${NOBODY}:200000:65536\n`)]
					: []),
			]
		: [];
