import { type Problem, problem } from "../errors.ts";
import type { Deployment } from "../manifest/deployment.ts";
import type { Release } from "../release/release.ts";

/** Releases whose `stemcell` in the manifest is not the one that their compiled packages were compiled on. */
export function compiledReleaseProblems(
	{ releases }: Deployment,
	opened: ReadonlyMap<string, Release>,
): readonly Problem[] {
	return releases.flatMap(({ name, stemcell }, index) => {
		const release = opened.get(name);
		if (!stemcell || !release) return [];
		const compiled = [...release.packages.values()].map((item) => item.compiled ?? item);
		const lines = new Set(compiled.flatMap(({ form }) => (form === "source" ? [] : [form.compiledFor])));
		lines.delete(`${stemcell.os}/${stemcell.version}`);
		return [...lines].map((line) => otherStemcell(release, stemcell, line, index));
	});
}

function otherStemcell(
	{ name, version }: Release,
	stemcell: { readonly os: string; readonly version: string },
	line: string,
	index: number,
): Problem {
	const [os, number] = line.split("/");
	return problem(
		"release-stemcell-differs",
		`the manifest says that release ${name}/${version} is compiled for ${stemcell.os}/${stemcell.version}, but its packages were compiled for ${line}`,
		{
			place: { path: `/releases/${index}/stemcell` },
			hint: `write stemcell: {os: ${os}, version: "${number}"}, or give the url of the build for ${stemcell.os}/${stemcell.version}`,
		},
	);
}
