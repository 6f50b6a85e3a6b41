import type { Features, InstanceGroup, JobRef } from "../../src/manifest/deployment.ts";
import type { LinkGroup } from "../../src/plan/link-providers.ts";
import type { NameScheme } from "../../src/plan/names.ts";
import type { JobUse, PlacedInstance, PlacedNetwork } from "../../src/plan/placed.ts";
import type { ReleaseJob } from "../../src/release/release.ts";

export const noFeatures: Features = {
	convergeVariables: false,
	randomizeAzPlacement: false,
	useDnsAddresses: false,
	useShortDnsAddresses: false,
	useLinkDnsNames: false,
};

export function scheme(features: Partial<Features> = {}): NameScheme {
	return { deployment: "min", features: { ...noFeatures, ...features }, azs: ["z1", "z2"] };
}

/** A job as its release has it. `properties` gives defaults; undefined: declared without one. */
export function releaseJob(
	name: string,
	more: Partial<Omit<ReleaseJob, "properties">> & { properties?: Record<string, unknown> } = {},
): ReleaseJob {
	const { properties = {}, ...rest } = more;
	return {
		name,
		release: "tiny",
		fingerprint: "f",
		specFile: `jobs/${name}/spec`,
		description: "",
		packages: [],
		templates: [],
		monit: "",
		extraMonit: {},
		provides: [],
		consumes: [],
		errand: false,
		...rest,
		properties: new Map(
			Object.entries(properties).map(([key, value]) => [
				key,
				{ description: "", ...(value === undefined ? {} : { default: value }) },
			]),
		),
	};
}

export function jobUse(job: ReleaseJob, ref: Partial<JobRef> = {}): JobUse {
	return {
		job,
		path: `/instance_groups/0/jobs/name=${job.name}`,
		ref: { name: job.name, release: job.release, consumes: {}, provides: {}, customProviderDefinitions: [], ...ref },
	};
}

export function placed(
	group: string,
	index: number,
	more: Partial<PlacedInstance> & { networks?: Record<string, PlacedNetwork> } = {},
): PlacedInstance {
	const networks = more.networks ?? { default: manual(`10.0.0.${index + 1}`) };
	const [first = ""] = Object.keys(networks);
	const ip = networks[more.defaultNetwork ?? first]?.ip;
	return {
		id: `${group}-uuid-${index}`,
		group,
		index,
		az: index % 2 === 0 ? "z1" : "z2",
		bootstrap: index === 0,
		defaultNetwork: first,
		...(ip === undefined ? {} : { addressableIp: ip }),
		...more,
		networks,
	};
}

export function manual(ip: string, defaults: PlacedNetwork["default"] = ["dns", "gateway"]): PlacedNetwork {
	return {
		type: "manual",
		ip,
		prefix: 24,
		netmask: "255.255.255.0",
		gateway: "10.0.0.254",
		dns: ["10.0.0.2"],
		default: defaults,
		cloudProperties: {},
	};
}

/** A group with its jobs and, unless given, one instance on network `default`. */
export function linkGroup(
	name: string,
	jobs: readonly JobUse[],
	more: { instances?: readonly PlacedInstance[]; group?: Partial<InstanceGroup> } = {},
): LinkGroup {
	const instances = more.instances ?? [placed(name, 0)];
	const networks = Object.entries(instances[0]?.networks ?? { default: manual("10.0.0.1") });
	return {
		jobs,
		instances,
		group: {
			name,
			azs: ["z1", "z2"],
			instances: instances.length,
			jobs: jobs.map(({ ref }) => ref),
			vmExtensions: [],
			persistentDisks: [],
			stemcell: "default",
			networks: networks.map(([network, { default: defaults }]) => ({
				name: network,
				staticIps: [],
				default: defaults,
			})),
			update: {
				canaries: { count: 1 },
				maxInFlight: { count: 1 },
				canaryWatchTime: { fromMs: 1000, toMs: 30000 },
				updateWatchTime: { fromMs: 1000, toMs: 30000 },
				serial: true,
				vmStrategy: "delete-create",
				restart: "all",
				initialDeployAzUpdateStrategy: "serial",
			},
			migratedFrom: [],
			lifecycle: "service",
			env: {},
			tags: {},
			properties: {},
			...more.group,
		},
	};
}
