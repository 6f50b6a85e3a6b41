import { z } from "zod";
import type { Guests } from "./cloud.ts";
import { compact, flag, names, optional, section, text } from "./section.ts";

const certificates = z
	.string()
	.regex(/-----BEGIN CERTIFICATE-----[\s\S]*-----END CERTIFICATE-----/, "certificates in PEM");

const url = z.string().regex(/^https?:\/\/\S+$/, "the http or https address of a distribution's packages");

/** An archive in Debian's form: its address, or a map with more. */
const mirror = z.union(
	[
		url.transform((only) => ({ url: only })),
		section({
			url: url.describe("Its address."),
			suites: optional(names).describe("Suites; default: the image's."),
			components: optional(names).describe("Components; default main."),
			trusted: optional(flag).describe("true: its index needs no signature."),
		}).transform(({ url, ...more }) => ({ url, ...compact(more) })),
	],
	"the http or https address of a distribution's packages, or a map with url: and perhaps suites:, components:, trusted:",
);

/** Keys of the cloud file for what every VM gets. BOSH has them among its director's and agents' properties. */
export const guestKeys = {
	ntp: optional(names).describe("Time servers of all VMs."),
	proxy: optional(
		section({
			http_proxy: optional(text).describe("For http."),
			https_proxy: optional(text).describe("For https."),
			no_proxy: optional(text).describe("Hosts that are reached without it."),
		}),
	).describe("Proxy for what runs on VMs."),
	trusted_certs: optional(certificates).describe("Certificates in PEM that VMs trust."),
	package_mirror: optional(mirror).describe("Where plain images get what they lack."),
};

/** What they say. */
export function readGuests(
	given: {
		readonly [K in keyof typeof guestKeys]: z.output<(typeof guestKeys)[K]>;
	},
): Guests {
	const { proxy } = given;
	return compact({
		ntp: given.ntp,
		proxy: proxy && compact({ http: proxy.http_proxy, https: proxy.https_proxy, no: proxy.no_proxy }),
		trustedCertificates: given.trusted_certs,
		packageMirror: given.package_mirror,
	});
}
