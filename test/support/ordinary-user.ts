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

/** In a mount namespace of its own, so that nothing of the machine changes. */
const WITH_SUBIDS = `file=$(mktemp)
printf '%s' "$1" >"$file" && chmod 644 "$file"
mount --bind "$file" /etc/subuid && mount --bind "$file" /etc/subgid && rm "$file" && shift && exec "$@"`;

function withSubids(name: string, subids: string): User {
	const inside = ["unshare", "--mount", "--propagation", "private", "sh", "-c", WITH_SUBIDS, "with-subids", subids];
	return { name, argv: [...inside, ...AS_NOBODY], id: NOBODY };
}

/** It takes root to write the files of ids, in which nobody stands only by chance. */
const canGiveIds = process.getuid?.() === 0 && existsSync("/etc/subuid") && existsSync("/etc/subgid");
const canUseIds = canGiveIds && existsSync("/usr/bin/newuidmap");
/** By name: mmdebstrap knows no other, newuidmap also ids. */
const RANGE = "nobody:200000:65536\n";

/** Whoever runs the tests; if that is root, an ordinary user as well. That one has a range of ids where it can be had. */
export const users: readonly User[] =
	process.getuid?.() === 0
		? [
				{ name: "root", argv: [] },
				canUseIds ? withSubids("an ordinary user", RANGE) : { name: "an ordinary user", argv: AS_NOBODY, id: NOBODY },
			]
		: [{ name: "an ordinary user", argv: [] }];

/**
 * As whom a test runs that is about what davit does, not about who runs it: the ordinary user, who has the least. The contract of the embedded
 * provider, whole deploys and the random kills run as everybody. DAVIT_TEST_USERS=all: these tests as well.
 */
export const oneUser: readonly User[] = process.env.DAVIT_TEST_USERS === "all" ? users : users.slice(-1);

/** Ordinary users for whom newuidmap has a range of ids (subuid(5)), and has none. */
export const usersByIds: readonly User[] = canGiveIds
	? [
			withSubids("an ordinary user without a range of ids", ""),
			...(canUseIds
				? [withSubids("an ordinary user with a range of ids", RANGE.replace("nobody", String(NOBODY)))]
				: []),
		]
	: [];
