import type { Deployment, Value, ValueMap } from "../../manifest/deployment.ts";
import { referencedNames, resolveReferences } from "../../manifest/resolve-references.ts";
import type { LinksElsewhere, SharedLinks } from "../../plan/shared-links.ts";
import type { StateStore } from "../../state/state.ts";
import type { Key } from "../../variables/key.ts";
import type { CliContext } from "../command.ts";
import { openPart } from "./recorded-parts.ts";
import { secretsOf } from "./variables.ts";

/** As it is recorded, sealed: values have taken the place of references. */
interface RecordedLinks extends SharedLinks {
	/** Texts among the values that must not be shown. */
	readonly secrets: readonly string[];
}

/** What a finished deploy records of its shared links: addresses and generated values as they are by now. */
export function recordedLinks(
	shared: SharedLinks,
	values: ReadonlyMap<string, Value>,
	addressesOf: (id: string) => Readonly<Record<string, string>>,
): RecordedLinks {
	const secrets = new Set<string>();
	const links = shared.links.map((link) => {
		const named = referencedNames(link.properties).flatMap((name) => {
			const value = values.get(name);
			return value === undefined ? [] : [[name, value] as const];
		});
		for (const [, value] of named) for (const secret of secretsOf(value)) secrets.add(secret);
		const properties = resolveReferences(link.properties, Object.fromEntries(named)) as ValueMap;
		const instances = link.from.instances.map((instance) => {
			const ips = addressesOf(instance.id);
			const networks = Object.entries(instance.networks).map(([name, network]) => {
				const ip = ips[name] ?? network.ip;
				return [name, ip === undefined ? network : { ...network, ip }] as const;
			});
			return { ...instance, networks: Object.fromEntries(networks) };
		});
		return { ...link, properties, from: { ...link.from, instances } };
	});
	return { scheme: shared.scheme, links, secrets: [...secrets] };
}

/** Opens what the other deployments that a manifest names have recorded of their shared links. */
export async function openLinksElsewhere(
	deployment: Deployment,
	{ store, key }: { readonly store: StateStore; readonly key: Key },
	{ hide }: Pick<CliContext, "hide">,
): Promise<(deployment: string) => LinksElsewhere> {
	const jobs = [...deployment.instanceGroups, ...deployment.addons].flatMap((item) => item.jobs);
	const named = jobs.flatMap(({ consumes }) =>
		Object.values(consumes).flatMap((wish) => (wish === "nil" || wish.deployment === undefined ? [] : wish.deployment)),
	);
	const others = new Map<string, LinksElsewhere>();
	for (const name of new Set(named)) {
		const { deployment: record } = await store.read(name);
		if (!record) continue;
		if (record.links === undefined) {
			others.set(name, "never finished");
			continue;
		}
		const { secrets, ...shared } = openPart("links", record.links, {
			deployment: name,
			key,
		}) as unknown as RecordedLinks;
		hide(secrets);
		others.set(name, shared);
	}
	return (name) => others.get(name) ?? "no such deployment";
}
