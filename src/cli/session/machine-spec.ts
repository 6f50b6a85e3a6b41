import type { Login } from "../../apply/context.ts";
import { hostName } from "../../cpi/user-data.ts";
import { bootstrapScript } from "../../machine/bootstrap.ts";
import { supervisorFiles } from "../../machine/supervisor/control.ts";
import type { DesiredInstance } from "../../plan/desired.ts";

/** The script that makes an instance's VM what its jobs expect: from the manifest, its `env.bosh`, and what the cloud file gives every VM. */
export function bootstrapOf(
	{ placed, shape, jobs, name }: DesiredInstance,
	{
		deployment,
		login,
		packages,
	}: {
		readonly deployment: string;
		readonly login: Login;
		/** What a plain image must have. */
		readonly packages: readonly string[];
	},
): string {
	const { trustedCertificates, proxy, packageMirror: mirror, ...guests } = shape.guests;
	const { swapMib, runDirMib, ntp = guests.ntp } = boshEnv(shape.env);
	const spec = {
		deployment,
		name: placed.group,
		id: placed.id,
		index: placed.index,
		az: placed.az,
		bootstrap: placed.bootstrap,
		networks: placed.networks,
		jobs: jobs.map(({ job }) => job.name),
	};
	return bootstrapScript({
		instance: { id: placed.id, name: placed.group, az: placed.az, deployment },
		stemcell: shape.stemcell,
		specJson: `${JSON.stringify(spec, undefined, 2)}\n`,
		hostname: hostName(name),
		dns: Object.values(placed.networks).flatMap((network) => (network.default.includes("dns") ? network.dns : [])),
		...(swapMib === undefined ? {} : { swapMib }),
		...(runDirMib === undefined ? {} : { runDirMib }),
		...(ntp === undefined ? {} : { ntp }),
		...(proxy === undefined ? {} : { proxy }),
		...(trustedCertificates === undefined ? {} : { trustedCertificates }),
		...(packages.length === 0 ? {} : { packages: { names: packages, ...(mirror && { mirror }) } }),
		login: { user: login.user, authorizedKeys: [login.publicKey] },
		supervisor: supervisorFiles,
	});
}

/** `env.bosh` as far as davit does what BOSH's agent does with it. What isn't of its form counts as not given. */
function boshEnv(env: Readonly<Record<string, unknown>>) {
	const bosh = mapOf(env.bosh);
	const ntp = Array.isArray(bosh.ntp) ? bosh.ntp.map(String) : undefined;
	return { swapMib: mebibytes(bosh.swap_size), runDirMib: mebibytes(mapOf(bosh.run_dir).tmpfs_size), ntp };
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> {
	return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** A number of MiB, or tmpfs's `16m` and `1g`. */
function mebibytes(value: unknown): number | undefined {
	const [, number, unit] = /^(\d+)([mg]?)$/i.exec(String(value)) ?? [];
	if (number === undefined) return undefined;
	return Number(number) * (unit?.toLowerCase() === "g" ? 1024 : 1);
}
