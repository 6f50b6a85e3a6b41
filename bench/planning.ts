import { interpolateManifest } from "../src/manifest/interpolate-manifest.ts";
import { parseCloud, parseDeployment } from "../src/manifest/schema.ts";
import { buildDesired } from "../src/plan/build-desired.ts";
import { diffInstance } from "../src/plan/diff-instance.ts";
import { placeInstances } from "../src/plan/place.ts";
import { planDeploy } from "../src/plan/plan-deploy.ts";
import { planOffline } from "../src/plan/plan-offline.ts";
import type { Release, ReleasePackage } from "../src/release/release.ts";
import { releaseJob } from "../test/support/links.ts";
import { compare, type Row } from "./compare.ts";
import { bigManifest, bigManifestsCloud } from "./manifest.ts";

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
function plan(manifest: string): number {
	const { deployment, problems } = parseDeployment(
		interpolateManifest({ manifest: { text: manifest, file: "big.yml" } }),
		"/",
	);
	const { cloud } = parseCloud(interpolateManifest({ manifest: { text: bigManifestsCloud, file: "cloud.yml" } }));
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
		vmResources: () => undefined,
		cgroups: () => undefined,
		linksElsewhere: () => "no such deployment",
	});
	const [first] = built.problems;
	if (first) throw new Error(first.message);
	const observed = { vms: new Map(), machines: new Map() };
	const options = { fix: false, recreate: false, restart: false, canResize: () => true };
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

/** From the manifest's text to the offline plan of a first deploy; the number of its instances. */
function planWithoutReleases(manifest: string): number {
	const { deployment } = parseDeployment(interpolateManifest({ manifest: { text: manifest, file: "big.yml" } }), "/");
	const { cloud } = parseCloud(interpolateManifest({ manifest: { text: bigManifestsCloud, file: "cloud.yml" } }));
	if (!deployment || !cloud) throw new Error("the manifest can't be read");
	return planOffline(deployment, cloud, { used: new Set(), imported: new Set() }).plan.instances.length;
}

/** How planning grows with the platform: 10 times the instances, and no more than about 10 times the time. */
export async function planning(): Promise<readonly Row[]> {
	const sized = (groups: number, instances: number) =>
		bigManifest({ groups, instances }).replaceAll("((greeting))", "hello");
	const grows = (what: string, less: string, manifests: readonly [string, string], run: (manifest: string) => number) =>
		compare({
			what,
			davit: async () => run(manifests[0]),
			peer: `davit itself with ${less}: 10 would be linear`,
			runPeer: async () => run(manifests[1]),
		});
	return [
		await grows(
			"planning 1,000 instances in 100 groups, each with a link and 30 packages to compile",
			"100 instances",
			[bigManifest({ groups: 100, instances: 10 }), bigManifest({ groups: 10, instances: 10 })],
			plan,
		),
		await grows(
			"parsing, placing, allocating and planning 10,000 instances in one group, offline",
			"1,000 instances",
			[sized(1, 10_000), sized(1, 1000)],
			planWithoutReleases,
		),
		await grows(
			"the same with 2,000 groups of 5 instances (0.8 MB of YAML)",
			"200 groups",
			[sized(2000, 5), sized(200, 5)],
			planWithoutReleases,
		),
	];
}
