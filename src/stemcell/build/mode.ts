/** Root may own files of any id; others need a user namespace with a range of ids (subuid(5)) for that. */
export type Mode = "root" | "unshare";

/** The command where it is root over all ids of an image's tree. */
export function inNamespace(mode: Mode, argv: readonly string[]): readonly string[] {
	return mode === "root" ? argv : ["unshare", "--user", "--map-auto", "--map-root-user", "--", ...argv];
}

/** Whether subuid(5)'s text gives the user a range that is large enough for an image's ids. mmdebstrap finds users by name, not by id. */
export function hasRange(text: string, userName: string): boolean {
	return text.split("\n").some((line) => {
		const [who, , count] = line.split(":");
		return who === userName && Number(count) >= 65_536;
	});
}
