/**
 * Version by name of the packages that `packages.txt` lists as installed. It is the output of `dpkg -l`, cut at no column; anything else
 * (an RPM system's list) gives none.
 */
export function parsePackageList(text: string): Readonly<Record<string, string>> {
	const rows = text.split("\n").map((line) => line.trim().split(/\s+/));
	const installed = rows.flatMap(([state, name, version]) =>
		state === "ii" && name && version ? [[name.replace(/:.*/, ""), version] as const] : [],
	);
	return Object.fromEntries(installed);
}
