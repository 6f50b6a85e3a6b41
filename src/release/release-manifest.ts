import { stringify } from "yaml";
import { type Problem, problem, UserError } from "../errors.ts";
import { isTrue, parseTexts, type Texts, textList, textMap, textOf } from "./texts.ts";

/** `release.MF` of a tarball, or a final release's `releases/NAME/NAME-VERSION.yml` (bosh-cli, release/manifest/release.go). */
export interface ReleaseManifest {
	readonly name: string;
	/** As written: `49` and `1.10` stay so, quoted or not. */
	readonly version: string;
	readonly commitHash: string;
	readonly uncommittedChanges: boolean;
	readonly jobs: readonly ManifestEntry[];
	readonly packages: readonly ManifestPackage[];
	readonly compiledPackages: readonly (ManifestPackage & { readonly stemcell: string })[];
	readonly license?: Omit<ManifestEntry, "name">;
	readonly noCompression: boolean;
}

export interface ManifestEntry {
	readonly name: string;
	readonly fingerprint: string;
	/** Digests of the archive, one or several joined by `;`. */
	readonly sha1: string;
	/** Of a job: the packages that it names. */
	readonly packages?: readonly string[];
}

export interface ManifestPackage extends Omit<ManifestEntry, "packages"> {
	readonly dependencies: readonly string[];
}

/** Reads a release manifest. Throws a UserError with all that is wrong in it; `file` is for messages. */
export function parseReleaseManifest(text: string, file: string): ReleaseManifest {
	const problems: Problem[] = [];
	const top = textMap(parseTexts(text, file), file, problems);
	const name = textOf(top.name, `${file}: name`, problems);
	const version = textOf(top.version, `${file}: version`, problems);
	if (name === undefined || version === undefined)
		problems.push(problem("bad-release", `${file} names no ${name === undefined ? "release" : "version"}`));
	const list = (key: string): readonly Texts[] => {
		const value = top[key];
		return Array.isArray(value) ? (value as readonly Texts[]) : [];
	};
	const entry = (value: Texts, where: string): ManifestEntry => readEntry(value, `${file}: ${where}`, problems);
	const packageEntry = (value: Texts, where: string): ManifestPackage => {
		const map = textMap(value, `${file}: ${where}`, []);
		return { ...entry(value, where), dependencies: textList(map.dependencies, `${file}: ${where}`, problems) };
	};
	const manifest: ReleaseManifest = {
		name: name ?? "",
		version: version ?? "",
		commitHash: textOf(top.commit_hash, `${file}: commit_hash`, problems) ?? "",
		uncommittedChanges: isTrue(top.uncommitted_changes),
		jobs: list("jobs").map((value, index) => ({
			...entry(value, `jobs/${index}`),
			packages: textList(textMap(value, file, []).packages, `${file}: jobs/${index}/packages`, problems),
		})),
		packages: list("packages").map((value, index) => packageEntry(value, `packages/${index}`)),
		compiledPackages: list("compiled_packages").map((value, index) => ({
			...packageEntry(value, `compiled_packages/${index}`),
			stemcell:
				textOf(textMap(value, file, []).stemcell, `${file}: compiled_packages/${index}/stemcell`, problems) ?? "",
		})),
		...(top.license === undefined
			? {}
			: { license: entry({ name: "license", ...textMap(top.license, file, []) }, "license") }),
		noCompression: isTrue(top.no_compression),
	};
	if (problems.length > 0) throw new UserError(problems);
	return manifest;
}

function readEntry(value: Texts, where: string, problems: Problem[]): ManifestEntry {
	const map = textMap(value, where, problems);
	const name = textOf(map.name, `${where}/name`, problems);
	const printed = textOf(map.fingerprint, `${where}/fingerprint`, problems) ?? textOf(map.version, where, problems);
	if (name === undefined || printed === undefined)
		problems.push(problem("bad-release", `${where} has no ${name === undefined ? "name" : "fingerprint"}`));
	return { name: name ?? "", fingerprint: printed ?? "", sha1: textOf(map.sha1, `${where}/sha1`, problems) ?? "" };
}

/** The text of `release.MF`, with BOSH's keys in BOSH's order. */
export function formatReleaseManifest(manifest: ReleaseManifest): string {
	const entry = ({ name, fingerprint, sha1 }: ManifestEntry | ManifestPackage) => ({
		name,
		version: fingerprint,
		fingerprint,
		sha1,
	});
	const data = {
		name: manifest.name,
		version: manifest.version,
		commit_hash: manifest.commitHash,
		uncommitted_changes: manifest.uncommittedChanges,
		...omitEmpty(
			"jobs",
			manifest.jobs.map((job) => ({ ...entry(job), packages: job.packages ?? [] })),
		),
		...omitEmpty(
			"packages",
			manifest.packages.map((item) => ({ ...entry(item), dependencies: item.dependencies })),
		),
		...omitEmpty(
			"compiled_packages",
			manifest.compiledPackages.map((item) => ({
				...entry(item),
				stemcell: item.stemcell,
				dependencies: item.dependencies,
			})),
		),
		...(manifest.license
			? {
					license: {
						version: manifest.license.fingerprint,
						fingerprint: manifest.license.fingerprint,
						sha1: manifest.license.sha1,
					},
				}
			: {}),
		no_compression: manifest.noCompression,
	};
	return stringify(data, { version: "1.1", lineWidth: 0, aliasDuplicateObjects: false });
}

function omitEmpty(key: string, list: readonly unknown[]): Record<string, readonly unknown[]> {
	return list.length > 0 ? { [key]: list } : {};
}
