import { interpolateManifest } from "../src/manifest/interpolate-manifest.ts";
import { parseCloud, parseDeployment } from "../src/manifest/schema.ts";
import { buildDesired } from "../src/plan/build-desired.ts";
import { diffInstance } from "../src/plan/diff-instance.ts";
import { placeInstances } from "../src/plan/place.ts";
import { planDeploy } from "../src/plan/plan-deploy.ts";
import type { Release, ReleasePackage } from "../src/release/release.ts";
import { releaseJob } from "../test/support/links.ts";
import { compare, type Row } from "./compare.ts";
import { bigManifest } from "./manifest.ts";

const cloudText = `cpis: [{name: local, type: local}]
azs: [{name: z1}, {name: z2}, {name: z3}]
vm_types: [{name: small}]
networks:
- name: default
  type: manual
  subnets:
  - {range: 10.64.0.0/16, gateway: 10.64.0.1, azs: [z1, z2, z3]}
compilation: {workers: 2, az: z1, network: default, vm_type: small}
`;

/** Each needs the one before it. */
const packages = Array.from(
	{ length: 30 },
	(_, index): ReleasePackage => ({
		name: `package-${index}`,
		fingerprint: `f${index}`,
		dependencies: index === 0 ? [] : [`package-${index - 1}`],
		form: "source",
		open: () => Promise.reject(new Error("planning opens no package")),
	}),
);

const job = releaseJob("app", {
	packages: packages.map(({ name }) => name),
	provides: [{ name: "app", type: "app", properties: ["greeting"] }],
	consumes: [{ name: "app", type: "app", optional: false }],
	properties: { greeting: undefined, servers: undefined, note: undefined },
});

const release: Release = {
	name: "tiny",
	version: "1",
	commitHash: "",
	uncommittedChanges: false,
	jobs: new Map([["app", job]]),
	packages: new Map(packages.map((each) => [each.name, each])),
};

/** From the manifest's text to the plan of a first deploy; the number of its steps. */
function plan(manifest: string, cloudText: string): number {
	const { deployment, problems } = parseDeployment(
		interpolateManifest({ manifest: { text: manifest, file: "big.yml" } }),
		"/",
	);
	const { cloud } = parseCloud(interpolateManifest({ manifest: { text: cloudText, file: "cloud.yml" } }));
	if (!deployment || !cloud) throw new Error(problems.map(({ message }) => message).join("\n"));
	let ids = 0;
	const placement = placeInstances(deployment, cloud, [], {
		usedElsewhere: new Set(),
		newId: () => `id-${ids++}`,
		include: () => true,
	});
	const built = buildDesired({
		deployment,
		cloud,
		placement,
		releases: new Map([["tiny", release]]),
		disks: [],
		stemcell: () => undefined,
		cgroups: () => undefined,
	});
	const [first] = built.problems;
	if (first) throw new Error(first.message);
	const observed = { vms: new Map(), machines: new Map() };
	const options = { fix: false, recreate: false, restart: false };
	const { steps } = planDeploy({
		deployment: deployment.name,
		diffs: built.instances.map((instance) => diffInstance(instance, observed, options)),
		obsolete: [],
		orphanVms: [],
		unknownVariables: ["greeting"],
		compiled: new Set(),
		firstDeploy: true,
		inputsChanged: false,
		options: { skipDrain: new Set() },
	});
	return steps.length;
}

/** How planning grows with the platform: 10 times the instances, and no more than about 10 times the time. */
export async function planning(): Promise<readonly Row[]> {
	const large = bigManifest({ groups: 100, instances: 10 });
	const small = bigManifest({ groups: 10, instances: 10 });
	const row = await compare({
		what: "planning 1,000 instances in 100 groups, each with a link and 30 packages to compile",
		davit: async () => plan(large, cloudText),
		peer: "davit itself with 100 instances: 10 would be linear",
		runPeer: async () => plan(small, cloudText),
	});
	return [row];
}
