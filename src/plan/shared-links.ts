import type { LinkProvider, OfferedLink } from "./link-providers.ts";
import type { NameScheme } from "./names.ts";

/** The links that a deployment lets others consume (`shared: true`), with what their names are made from. Plain data. */
export interface SharedLinks {
	readonly scheme: NameScheme;
	readonly links: readonly OfferedLink[];
}

/** Of another deployment: what its last finished deploy left, or why there is nothing. */
export type LinksElsewhere = SharedLinks | "no such deployment" | "never finished";

/** The shared ones of a deployment's providers, less what only davit's planning of that deployment needs. */
export function sharedLinks(scheme: NameScheme, providers: readonly LinkProvider[]): SharedLinks {
	const shared = providers.filter((provider) => provider.shared);
	const links = shared.map(({ name, type, properties, aliases, from: { group, instances } }): OfferedLink => {
		const networks = group.networks.map((network) => ({ name: network.name, default: network.default }));
		return { name, type, properties, aliases, from: { group: { name: group.name, networks }, instances } };
	});
	return { scheme, links };
}
