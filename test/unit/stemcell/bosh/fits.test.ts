import { expect, test } from "vitest";
import type { BoshStemcell } from "../../../../src/stemcell/bosh/archive.ts";
import { boshStemcellProblems } from "../../../../src/stemcell/bosh/fits.ts";

const stemcell: BoshStemcell = {
	name: "bosh-openstack-kvm-ubuntu-jammy-go_agent",
	version: "1.260",
	os: "ubuntu-jammy",
	apiVersion: 3,
	formats: ["openstack-qcow2", "openstack-raw"],
	sha1: "",
	cloudProperties: { infrastructure: "openstack" },
	light: false,
	imageSize: 1,
	packages: {},
};
const wanted = { os: "ubuntu-jammy", version: "1.260" };
const libvirt = { name: "libvirt", stemcellFormats: ["openstack-raw", "openstack-qcow2"] };

test.each([
	["what the manifest names", {}, wanted, libvirt],
	["the name in place of the system", {}, { ...wanted, os: stemcell.name }, libvirt],
	["whatever version there is", {}, { ...wanted, version: "latest" }, libvirt],
	["an old one without formats", { formats: [] }, wanted, libvirt],
	["a CPI that tells of no formats", {}, wanted, { name: "x", stemcellFormats: [] }],
	["one format of several", { formats: ["openstack-raw"] }, wanted, libvirt],
])("%s fits", (_, changes, name, cpi) => {
	expect(boshStemcellProblems({ ...stemcell, ...changes }, name, cpi, "s.tgz")).toEqual([]);
});

test("why one doesn't fit is said, all of it at once", async () => {
	const cases: readonly [Partial<BoshStemcell>, typeof wanted][] = [
		[
			{ apiVersion: 1, formats: ["aws-light"] },
			{ os: "ubuntu-noble", version: "1.10" },
		],
		[{ apiVersion: 4 }, { ...wanted, version: "1.26" }],
	];
	const told = cases.flatMap(([changes, name]) =>
		boshStemcellProblems({ ...stemcell, ...changes }, name, libvirt, "s.tgz").map(
			({ code, message, hint }) => `${code}: ${message}\n  ${hint}`,
		),
	);
	await expect(`${told.join("\n")}\n`).toMatchFileSnapshot("fits-errors.golden");
});
