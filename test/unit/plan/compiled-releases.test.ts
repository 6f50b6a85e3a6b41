import { expect, test } from "vitest";
import type { Deployment } from "../../../src/manifest/deployment.ts";
import { compiledReleaseProblems } from "../../../src/plan/compiled-releases.ts";
import type { Release, ReleasePackage } from "../../../src/release/release.ts";

const pad = (form: ReleasePackage["form"], more = {}) => ({ name: "pad", form, ...more }) as unknown as ReleasePackage;
const compiled = pad({ compiledFor: "ubuntu-jammy/1.10" });

function messages(stemcell: { os: string; version: string } | undefined, item: ReleasePackage): readonly string[] {
	const release = { name: "tiny", version: "1", packages: new Map([["pad", item]]) } as unknown as Release;
	const ref = { name: "tiny", version: "1", ...(stemcell ? { stemcell } : {}) };
	const deployment = { releases: [{ name: "other", version: "1" }, ref] } as unknown as Deployment;
	return compiledReleaseProblems(deployment, new Map([["tiny", release]])).map(
		({ place, message, hint }) => `${place?.path}: ${message}; ${hint}`,
	);
}

const jammy = (version: string) => ({ os: "ubuntu-jammy", version });

test.each([
	["no stemcell is named", undefined, compiled],
	["the stemcell that it was compiled for", jammy("1.10"), compiled],
	["a release of sources", jammy("1.12"), pad("source")],
	["the build beside the source", jammy("1.10"), pad("source", { compiled })],
])("%s: nothing is wrong", (_, stemcell, item) => {
	expect(messages(stemcell, item)).toEqual([]);
});

test.each([
	["alone", compiled],
	["beside the source", pad("source", { compiled })],
])("compiled for another stemcell than the manifest says, %s", (_, item) => {
	expect(messages(jammy("1.12"), item)).toEqual([
		'/releases/1/stemcell: the manifest says that release tiny/1 is compiled for ubuntu-jammy/1.12, but its packages were compiled for ubuntu-jammy/1.10; write stemcell: {os: ubuntu-jammy, version: "1.10"}, or give the url of the build for ubuntu-jammy/1.12',
	]);
});
