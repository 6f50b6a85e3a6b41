import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cloudOf, problemsOf } from "./read-files.ts";

const folder = join(import.meta.dirname, "../../../manifests");
const read = (path: string) => readFileSync(join(folder, path), "utf8");
const yamlIn = (path: string) => readdirSync(join(folder, path)).filter((name) => name.endsWith(".yml"));
const pairs = yamlIn(".").flatMap((manifest) => yamlIn("cloud").map((cloud) => [manifest, `cloud/${cloud}`] as const));

test.each(pairs)("%s fits %s", (manifest, cloud) => {
	expect(problemsOf(read(manifest), read(cloud))).toEqual([]);
	expect(cloudOf(read(cloud)).warnings).toEqual([]);
});

const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

test("a cloud file says what every VM gets and which images stemcells are", () => {
	const { cloud } = cloudOf(`${read("cloud/local.yml")}
ntp: [10.0.0.1, time.internal]
proxy: {http_proxy: "http://proxy:3128", no_proxy: .internal}
trusted_certs: ${JSON.stringify(CERTIFICATE)}
package_mirror: http://mirror.internal/debian
stemcells:
- {os: debian-12, version: 12, kind: plain, file: images/debian.qcow2}
- {os: ubuntu-jammy, version: "1.260", kind: bosh, cloud_properties: {image: ami-1}}
`);
	expect(cloud.guests).toEqual({
		ntp: ["10.0.0.1", "time.internal"],
		proxy: { http: "http://proxy:3128", no: ".internal" },
		trustedCertificates: CERTIFICATE,
		packageMirror: { url: "http://mirror.internal/debian" },
	});
	expect(cloud.stemcells).toEqual([
		{ os: "debian-12", version: "12", kind: "plain", file: "images/debian.qcow2" },
		{ os: "ubuntu-jammy", version: "1.260", kind: "bosh", cloudProperties: { image: "ami-1" } },
	]);
});

test.each([
	["trusted_certs: nothing", "trusted_certs"],
	["package_mirror: ftp://mirror", "package_mirror"],
	["stemcells: [{os: debian-12, version: 12, kind: perfect}]", "kind"],
	["proxy: {https: x}", "https"],
])("what isn't of that form is refused: %s", (line, named) => {
	expect(() => cloudOf(`${read("cloud/local.yml")}\n${line}\n`)).toThrow(named);
});
