import { interpolateManifest } from "../../src/manifest/interpolate-manifest.ts";
import { readResurrection } from "../../src/manifest/resurrection-config.ts";
import { CLOUD, type ErrorCases, edited, files, inCloud, inManifest, MANIFEST, SECRET } from "./error-cases.ts";

const webNetwork = "  - name: default\n  jobs:";
const dbNetwork = "  - name: private\n  jobs:";
const webIps = (ips: string) => inManifest([webNetwork, `  - name: default\n    static_ips: [${ips}]\n  jobs:`]);
const VIP = "cpis:\n- name: main";
const withNetwork = (network: string) => edited(CLOUD, [[VIP, `- ${network}\n${VIP}`]]);

/** What is wrong with a manifest, a runtime config or a cloud file. */
export const manifestCases: ErrorCases = {
	"addon-filter": [
		files({
			manifest: `${MANIFEST}addons:\n- name: dns\n  jobs: [{name: app, release: shop}]\n  include: {deployments: [shop]}\n`,
		}),
	],
	"az-twice": [inCloud(["    azs: [z2]\n", "    azs: [z2]\n    az: z2\n"])],
	"az-without-cpi": [
		inCloud(
			["  type: openstack\n", "  type: openstack\n- name: other\n  type: aws\n"],
			["- name: z1\n", "- {name: z1, cpi: main}\n"],
		),
	],
	"az-without-subnet": [inCloud(["    azs: [z2]\n", "    azs: [z1]\n"]), inManifest(["  azs: [z1, z2]\n", ""])],
	"bad-address": [inManifest([dbNetwork, "  - name: private\n    static_ips: [10.0.9.300]\n  jobs:"])],
	"bad-gateway": [inCloud(["gateway: 10.0.2.1", "gateway: 10.0.1.1"])],
	"bad-range": [
		inCloud(["range: 10.0.2.0/24", "range: 10.0.2.0/240"]),
		inCloud(["[10.0.1.2-10.0.1.9]", "[10.0.1.9-10.0.1.2]"]),
	],
	"cloud-property": [
		inCloud(["- name: small\n", "- name: small\n  cloud_properties: {instance_typ: m1.small}\n"]),
		inCloud(["- name: small\n", "- name: small\n  cloud_properties: {ephemeral_disk: {size: 4096}}\n"]),
	],
	"config-twice": [files({ clouds: [`${CLOUD}ssh: {user: kim}\n`, "ssh: {user: sue}\n"] })],
	"many-at-once": [
		() =>
			readResurrection([interpolateManifest({ manifest: { text: "max_in_flight: 100%\n", file: "resurrection.yml" } })])
				.problems,
	],
	"default-network": [
		inManifest([
			webNetwork,
			"  - name: default\n    default: [dns, gateway]\n  - name: private\n    default: [dns]\n  jobs:",
		]),
	],
	"duplicate-key": [inManifest(["  instances: 2\n", "  instances: 2\n  azs: [z1, z2]\n"])],
	"duplicate-name": [inManifest(["- name: web\n", "- name: db\n"])],
	"host-bits": [inCloud(["range: 10.0.2.0/24", "range: 10.0.2.7/24"])],
	"large-integer": [inManifest(["{port: 8080}", "{port: 8080, account: 12345678901234567890}"])],
	"missing-key": [
		inManifest(["  stemcell: default\n  persistent_disk_type", "  persistent_disk_type"]),
		inCloud(["    gateway: 10.0.2.1\n", ""]),
	],
	"no-cpi": [
		inCloud(["cpis:\n- name: main\n  type: openstack\n", ""]),
		files({ clouds: [edited(CLOUD, [["cpis:\n- name: main\n  type: openstack\n", ""]])], cpiMayLack: true }),
	],
	"no-network": [inManifest([`  networks:\n${webNetwork}`, "  networks: []\n  jobs:"])],
	"no-subnet": [inCloud(["cpis:", "- name: public\ncpis:"])],
	"not-here": [
		inManifest(["- name: web\n", "- name: web\n  resource_pool: small\n"]),
		files({ manifest: `${MANIFEST}networks: [{name: default}]\n` }),
	],
	"not-yet": [inManifest([webNetwork, "  - name: default\n    nic_group: 1\n  jobs:"])],
	"passed-over": [
		inManifest(["- name: web\n", "- name: web\n  env: {bosh: {keep_root_password: true}}\n"]),
		files({ manifest: `${MANIFEST}features: {randomize_az_placement: true}\n` }),
	],
	"range-outside": [inCloud(["static: [10.0.9.10]", "static: [10.0.8.10]"])],
	"range-overlap": [inCloud(["[10.0.1.2-10.0.1.9]", "[10.0.1.2-10.0.1.12]"])],
	"release-url": [inManifest(['"1.2"', "create"])],
	"second-document": [files({ manifest: `${MANIFEST}---\nname: other\n` })],
	"shared-address": [
		inManifest(
			[dbNetwork, "  - name: private\n    static_ips: [10.0.9.10]\n  jobs:"],
			["  azs: [z1, z2]\n  instances: 2\n", "  azs: [z1]\n  instances: 1\n"],
			[webNetwork, "  - name: private\n    static_ips: [10.0.9.10]\n  jobs:"],
		),
	],
	"static-ip-az": [
		inManifest(
			["  azs: [z1, z2]\n  instances: 2\n", "  azs: [z2]\n  instances: 1\n"],
			[webNetwork, "  - name: default\n    static_ips: [10.0.1.10]\n  jobs:"],
		),
	],
	"static-ip-count": [webIps("10.0.1.10")],
	"static-ip-dynamic": [
		files({
			clouds: [withNetwork("{name: cloudy, type: dynamic}")],
			manifest: edited(MANIFEST, [[dbNetwork, "  - name: cloudy\n    static_ips: [10.0.9.10]\n  jobs:"]]),
		}),
	],
	"static-ip-gateway": [webIps("10.0.1.10, 10.0.2.1")],
	"static-ip-not-static": [webIps("10.0.1.10, 10.0.1.77")],
	"static-ip-outside": [webIps("10.0.1.10, 10.0.3.10")],
	"static-ip-reserved": [webIps("10.0.1.10, 10.0.1.5")],
	"stemcell-os": [inManifest(["  os: ubuntu-jammy\n", ""])],
	"disk-name": [inManifest(["  persistent_disk_type: fast\n", "  persistent_disks: [{name: the log, type: fast}]\n"])],
	"two-disks": [
		inManifest(["  persistent_disk_type: fast\n", "  persistent_disk_type: fast\n  persistent_disk: 2048\n"]),
	],
	"unknown-az": [inManifest(["[z1, z2]", "[z1, z3]"]), inCloud(["    azs: [z2]\n", "    azs: [z2, z3]\n"])],
	"unknown-cpi": [inCloud(["- name: z2\n", "- name: z2\n  cpi: mian\n"])],
	"unknown-disk-type": [inManifest(["persistent_disk_type: fast", "persistent_disk_type: huge"])],
	"unknown-key": [inManifest(["  instances: 2\n", "  instances: 2\n  instancs: 3\n"])],
	"unknown-network": [inManifest(["- name: private", "- name: privat"])],
	"unknown-release": [inManifest(["  - name: app\n    release: shop\n", "  - name: app\n    release: store\n"])],
	"unknown-stemcell": [inManifest(["stemcell: default\n  persistent", "stemcell: noble\n  persistent"])],
	"unknown-vm-extension": [inManifest(["vm_type: small\n", "vm_type: small\n  vm_extensions: [lb]\n"])],
	"unknown-vm-type": [inManifest(["vm_type: small\n", "vm_type: smal\n"])],
	"unused-release": [inManifest(["stemcells:\n", '- name: bpm\n  version: "1.4.6"\nstemcells:\n'])],
	"unused-secret": [files({ manifest: `${MANIFEST}properties: {nats: {password: ${SECRET}}}\n` })],
	"version-number": [inManifest(['"1.2"', "1.20"])],
	"vip-mixed": [
		files({
			clouds: [withNetwork("{name: public, type: vip, subnets: [{static: [203.0.113.7]}]}")],
			manifest: edited(MANIFEST, [
				[
					dbNetwork,
					"  - {name: private, default: [dns, gateway]}\n  - name: public\n    static_ips: [203.0.113.7]\n  jobs:",
				],
			]),
		}),
	],
	"vm-type": [inManifest(["  vm_type: small\n", ""])],
	"wrong-type": [
		inManifest(["  instances: 2\n", '  instances: "2"\n']),
		inManifest(["- name: web\n", "- name: yes\n"]),
		inManifest(["  canary_watch_time: 1000-30000\n", "  canary_watch_time: 30s\n"]),
	],
};
