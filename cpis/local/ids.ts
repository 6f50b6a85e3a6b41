import { accessSync, constants, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import type { Ids } from "./config.ts";

/** What a machine says about the ids that davit's user may map. File contents are absent where there is no file. */
export interface IdFacts {
	readonly uid: number;
	readonly gid: number;
	readonly userName: string;
	readonly helpers: boolean;
	readonly subuid: string | undefined;
	readonly subgid: string | undefined;
	/** davit's own maps: /proc/self/{uid,gid}_map. */
	readonly uidMap: string;
	readonly gidMap: string;
}

/** Lines for a namespace's uid_map and gid_map: inside, outside, count. */
export interface IdMaps {
	readonly ids: Ids;
	readonly uid: readonly (readonly [number, number, number])[];
	readonly gid: readonly (readonly [number, number, number])[];
}

const NEEDED = 65_536;

/** The first range of /etc/subuid (subuid(5)) that belongs to the user by name or number and is large enough. */
function ownRange(file: string | undefined, facts: IdFacts): readonly [number, number] | undefined {
	for (const line of file?.split("\n") ?? []) {
		const [owner, start, count] = line.split(":");
		if ((owner === facts.userName || owner === String(facts.uid)) && Number(count) >= NEEDED)
			return [Number(start), Number(count)];
	}
	return undefined;
}

/** A map that gives every id that davit itself has, unchanged. */
function everyId(map: string): (readonly [number, number, number])[] {
	const lines = map.split("\n").filter((line) => line.trim() !== "");
	return lines.map((line) => {
		const [inside = 0, , count = 0] = line.trim().split(/\s+/).map(Number);
		return [inside, inside, count] as const;
	});
}

/** How ids are mapped on this machine: all for root, newuidmap's range where there is one, else a single one. */
export function chooseIds(facts: IdFacts, forced: Ids | undefined): IdMaps {
	const uids = ownRange(facts.subuid, facts);
	const gids = ownRange(facts.subgid, facts);
	const range = facts.helpers && uids && gids;
	if ((forced ?? "root") === "root" && facts.uid === 0)
		return { ids: "root", uid: everyId(facts.uidMap), gid: everyId(facts.gidMap) };
	if (forced !== "one" && range) {
		const lines = (own: number, [start, count]: readonly [number, number]) =>
			[[0, own, 1] as const, [1, start, count] as const] as const;
		return { ids: "range", uid: lines(facts.uid, uids), gid: lines(facts.gid, gids) };
	}
	return { ids: "one", uid: [[0, facts.uid, 1]], gid: [[0, facts.gid, 1]] };
}

function read(path: string): string | undefined {
	try {
		return readFileSync(path, "utf8");
	} catch {
		return undefined;
	}
}

/** Where a program of the system is. */
export function findCommand(command: string): string | undefined {
	return ["/usr/bin", "/bin", "/usr/sbin", "/sbin"]
		.map((folder) => `${folder}/${command}`)
		.find((path) => {
			try {
				accessSync(path, constants.X_OK);
				return true;
			} catch {
				return false;
			}
		});
}

function userName(): string {
	try {
		return userInfo().username;
	} catch {
		return ""; // A uid without a name, as in some CI systems.
	}
}

/** Reads {@link IdFacts} from this machine. */
export function idFacts(): IdFacts {
	return {
		uid: process.getuid?.() ?? -1,
		gid: process.getgid?.() ?? -1,
		userName: userName(),
		helpers: findCommand("newuidmap") !== undefined && findCommand("newgidmap") !== undefined,
		subuid: read("/etc/subuid"),
		subgid: read("/etc/subgid"),
		uidMap: read("/proc/self/uid_map") ?? "",
		gidMap: read("/proc/self/gid_map") ?? "",
	};
}
