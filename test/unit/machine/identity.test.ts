import { expect, test } from "vitest";
import { parseIdentity } from "../../../src/machine/identity.ts";

const spec = JSON.stringify({
	index: 2,
	bootstrap: true,
	networks: { a: { ip: "10.0.0.9", dns: [] }, b: { type: "dynamic" } },
});
const said = {
	...{ id: "u", group: "db", az: "z1", deployment: "d", os: "ubuntu-jammy", version: "1.10", spec },
	...{ jobs: { app: "digest" }, packages: { tool: "key" }, storeRoot: "", storeType: "" },
	files: `${"0".repeat(64)}  ./app/bin/ctl\n${"1".repeat(64)}  ./app/config/a b\n\\odd line`,
};

test("a VM says which instance it is, and what it runs", () => {
	expect(parseIdentity(JSON.stringify(said))).toEqual({
		...{ id: "u", group: "db", index: 2, az: "z1", bootstrap: true, deployment: "d", stemcell: "ubuntu-jammy/1.10" },
		networks: { a: { ip: "10.0.0.9" }, b: {} },
		...{ jobs: { app: "digest" }, packages: { tool: "key" } },
		files: new Map([
			["app/bin/ctl", "0".repeat(64)],
			["app/config/a b", "1".repeat(64)],
		]),
	});
});

test.each([
	["/", "xfs", { byCloud: false, fileSystem: "xfs" }],
	["/disks/one/data", "ext4", { byCloud: true, fileSystem: "ext4" }],
])("its persistent disk is mounted from %s", (storeRoot, storeType, store) => {
	expect(parseIdentity(JSON.stringify({ ...said, storeRoot, storeType }))?.store).toEqual(store);
});

test.each([{ id: "" }, { spec: "" }])("one that was never prepared says nothing: %j", (part) => {
	expect(parseIdentity(JSON.stringify({ ...said, ...part }))).toBeUndefined();
});
