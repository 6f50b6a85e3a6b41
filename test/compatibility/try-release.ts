import type { Problem } from "../../src/errors.ts";
import type { ReleaseJob } from "../../src/release/release.ts";
import { jobProperties } from "../../src/template/properties.ts";
import type { Renderer, TemplateSpec } from "../../src/template/render.ts";
import type { Checkout } from "./checkouts.ts";
import type { ManifestJob } from "./manifest-jobs.ts";
import { type Outcome, tryJob } from "./try-job.ts";

/** What became of a release's jobs. A template counts by the best that became of it. */
export interface TriedRelease {
	readonly checkout: Checkout;
	/** Monit files, by job: read, or refused by name. Neither: it needs a property. */
	readonly monit: { readonly read: number; readonly refused: readonly Problem[] };
	/** Rendered with the spec's defaults alone; only with what a manifest gives; not at all. */
	readonly templates: Readonly<Record<Outcome | "byManifest", number>>;
	/** Everything that `failed`, and what no property can mend. */
	readonly failures: readonly Problem[];
}

/** Tries every job with the defaults of its spec, then as each manifest asks for it. */
export async function tryRelease(
	checkout: Checkout,
	asked: readonly ManifestJob[],
	renderer: Renderer,
): Promise<TriedRelease> {
	const templates = { rendered: 0, byManifest: 0, needs: 0, refused: 0, failed: 0 };
	const refusedMonit: Problem[] = [];
	let readMonit = 0;
	const failures: Problem[] = [];
	for (const job of checkout.jobs) {
		const alone = await tryJob(job, specAlone(checkout, job), renderer);
		const byManifest = [];
		for (const { spec } of asked.filter((use) => use.job === job)) byManifest.push(await tryJob(job, spec, renderer));
		for (const [source, first] of alone.templates) {
			const others = byManifest.flatMap((tried) => tried.templates.get(source) ?? []);
			const all = [first, ...others];
			failures.push(...all.flatMap(({ outcome, problem }) => (outcome === "failed" && problem ? [problem] : [])));
			if (all.some(({ outcome }) => outcome === "failed")) templates.failed += 1;
			else if (first.outcome === "rendered") templates.rendered += 1;
			else if (others.some(({ outcome }) => outcome === "rendered")) templates.byManifest += 1;
			else templates[first.outcome] += 1;
		}
		const monits = [alone, ...byManifest].flatMap(({ monit }) => (monit ? [monit.problems] : []));
		const error = monits.flat().find(({ severity }) => severity === "error");
		if (error) refusedMonit.push(error);
		else if (monits.length > 0) readMonit += 1;
	}
	return { checkout, monit: { read: readMonit, refused: refusedMonit }, templates, failures };
}

/** A job alone on one VM, with nothing given to it. */
function specAlone(checkout: Checkout, job: ReleaseJob): TemplateSpec {
	const network = {
		type: "manual",
		ip: "10.0.0.1",
		prefix: "24",
		netmask: "255.255.255.0",
		cloud_properties: {},
		default: ["dns", "gateway"],
		dns: ["10.0.0.2"],
		gateway: "10.0.0.254",
		dns_record_name: "0.alone.default.alone.bosh",
	};
	return {
		deployment: "alone",
		job: { name: "alone" },
		index: 0,
		bootstrap: true,
		name: "alone",
		id: "00000000-0000-4000-8000-000000000000",
		az: "z1",
		ip: network.ip,
		address: network.ip,
		dns_domain_name: "bosh",
		persistent_disk: 0,
		networks: { default: network },
		release: { name: checkout.name, version: checkout.version },
		properties: jobProperties(job, {}).properties,
		links: {},
	};
}
