import type { Deployment } from "./deployment.ts";
import type { Report } from "./report.ts";

/** What davit itself does of `env`; a BOSH stemcell's agent gets all of it, and does more. */
const ENV_KEYS = ["persistent_disk_fs", "persistent_disk_mount_options", "bosh"];
const BOSH_KEYS = ["swap_size", "run_dir", "ntp"];

/** Warns of what BOSH does and davit reads without doing it: nothing that is written is passed over in silence. */
export function warnOfPassedOver(deployment: Deployment, report: Report): void {
	if (deployment.features.randomizeAzPlacement) {
		const hint = "remove it: instances are spread evenly, on a tie to the AZ that comes first by name";
		report.warn("passed-over", "/features/randomize_az_placement", "davit doesn't place at random", hint);
	}
	deployment.instanceGroups.forEach(({ env }, index) => {
		const bosh = typeof env.bosh === "object" && env.bosh !== null ? Object.keys(env.bosh) : [];
		const unknown = [
			...Object.keys(env).filter((key) => !ENV_KEYS.includes(key)),
			...bosh.filter((key) => !BOSH_KEYS.includes(key)).map((key) => `bosh/${key}`),
		];
		for (const key of unknown) {
			const message = `env ${key.replace("/", ".")} is for the agent of a BOSH stemcell; on other images nothing is done with it`;
			const hint = "remove it, unless the group's stemcell is of kind bosh";
			report.warn("passed-over", `/instance_groups/${index}/env/${key}`, message, hint);
		}
	});
}
