import { digestOf } from "../digest.ts";
import { type Problem, problem, UserError } from "../errors.ts";
import type { Release, ReleasePackage } from "./release.ts";

/** What packages are compiled on and for. */
export interface StemcellLine {
	readonly os: string;
	readonly version: string;
}

/** A package that a set of jobs needs, and how it gets onto a VM. */
export interface NeededPackage {
	/** In the form that is used: source, or compiled for this stemcell. */
	readonly package: ReleasePackage;
	readonly release: string;
	/** Address of the compiled result: the same package, dependencies and stemcell that it was compiled on have the same key in every deployment. */
	readonly key: string;
}

/**
 * The packages that the jobs of one release need, those that they depend on included; each stands after its dependencies.
 * @throws UserError naming unknown jobs, cycles, and compiled packages that don't fit the stemcell.
 */
export function neededPackages(
	release: Release,
	jobs: readonly string[],
	stemcell: StemcellLine,
): readonly NeededPackage[] {
	const problems: Problem[] = [];
	const ordered: ReleasePackage[] = [];
	const state = new Map<string, "open" | "done">();
	const visit = (name: string, path: readonly string[]): void => {
		if (state.get(name) === "done") return;
		if (state.get(name) === "open") {
			problems.push(cycle(release, [...path.slice(path.indexOf(name)), name]));
			return;
		}
		const item = release.packages.get(name);
		if (!item) {
			problems.push(
				problem("no-package", `release ${label(release)} has no package ${name}, which ${path.at(-1)} needs`),
			);
			return;
		}
		state.set(name, "open");
		for (const dependency of item.dependencies) visit(dependency, [...path, name]);
		state.set(name, "done");
		ordered.push(item);
	};
	for (const name of jobs) {
		const job = release.jobs.get(name);
		if (!job) problems.push(problem("no-job", `release ${label(release)} has no job ${name}`));
		else for (const needed of job.packages) visit(needed, [`job ${name}`]);
	}
	if (problems.length > 0) throw new UserError(problems);
	const forms = ordered.map((item) => formFor(item, stemcell));
	const unfit = ordered.filter((_, index) => forms[index] === undefined);
	if (unfit.length > 0) throw new UserError(misfit(release, unfit, stemcell));
	return forms.map((form) => ({
		package: form as ReleasePackage,
		release: release.name,
		key: compiledKey(release.packages, form as ReleasePackage, stemcell),
	}));
}

/**
 * Which form of a package serves a stemcell: the compiled one on the exact stemcell; else the source; else, without source, a compiled
 * one for the same OS and first version number, as BOSH picks. Undefined if none does.
 */
function formFor(item: ReleasePackage, stemcell: StemcellLine): ReleasePackage | undefined {
	const exact = `${stemcell.os}/${stemcell.version}`;
	if (item.form === "source") {
		const { compiled } = item;
		return compiled && compiled.form !== "source" && compiled.form.compiledFor === exact ? compiled : item;
	}
	const { os, version } = lineOf(item.form.compiledFor);
	if (os !== stemcell.os) return undefined;
	return majorOf(version) === majorOf(stemcell.version) ? item : undefined;
}

/** `ubuntu-jammy/1.10` in its parts. */
function lineOf(compiledFor: string): StemcellLine {
	const [os = "", version = ""] = compiledFor.split("/");
	return { os, version };
}

/**
 * SHA-256 over the package's name (it may be written into what is compiled) and fingerprint, the stemcell that it is compiled on and the fingerprints of all that it depends on, nested:
 * BOSH's dependency key with fingerprints in place of versions (bosh director, dependency_key_generator.rb).
 */
function compiledKey(
	packages: ReadonlyMap<string, ReleasePackage>,
	item: ReleasePackage,
	wanted: StemcellLine,
): string {
	const nested = (name: string): unknown => {
		const dependency = packages.get(name);
		return [name, dependency?.fingerprint ?? "", [...(dependency?.dependencies ?? [])].sort().map(nested)];
	};
	const stemcell = item.form === "source" ? wanted : lineOf(item.form.compiledFor);
	return digestOf({
		name: item.name,
		fingerprint: item.fingerprint,
		stemcell: { os: stemcell.os, version: stemcell.version },
		dependencies: [...item.dependencies].sort().map(nested),
	});
}

function majorOf(version: string): string {
	return version.split(".")[0] ?? "";
}

function cycle(release: Release, names: readonly string[]): Problem {
	return problem(
		"package-cycle",
		`release ${label(release)}: packages depend on each other in a ring: ${names.join(" needs ")}`,
		{ hint: "take one of these dependencies out of its package's spec" },
	);
}

function misfit(release: Release, packages: readonly ReleasePackage[], stemcell: StemcellLine): Problem {
	const compiledFor = packages.flatMap(({ form }) => (form === "source" ? [] : [form.compiledFor]));
	const lines = [...new Set(compiledFor)].join(", ");
	const fitting = [...new Set(compiledFor.map((line) => `${lineOf(line).os}/${majorOf(lineOf(line).version)}.*`))];
	return problem(
		"compiled-for-other-stemcell",
		`release ${label(release)} holds compiled packages for ${lines}, which the stemcell ${stemcell.os}/${stemcell.version} can't use: ${packages.map(({ name }) => name).join(", ")}`,
		{ hint: `use a stemcell ${fitting.join(" and ")}, or the release's tarball with sources` },
	);
}

function label(release: Release): string {
	return `${release.name}/${release.version}`;
}
