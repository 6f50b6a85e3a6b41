import fc from "fast-check";
import { expect, test } from "vitest";
import type { Value } from "../../../src/manifest/deployment.ts";
import { formatNode, formatYaml } from "../../../src/manifest/format.ts";
import { interpolateManifest } from "../../../src/manifest/interpolate-manifest.ts";
import { placeInstances } from "../../../src/plan/place.ts";
import { planOffline } from "../../../src/plan/plan-offline.ts";
import type { InstanceRecord } from "../../../src/state/state.ts";
import { record } from "../../support/plan-fixtures.ts";
import { CLOUD, cloudOf, deploymentOf, group, manifest } from "../manifest/read-files.ts";

const key = fc.stringMatching(/^[a-z~/: ]{1,6}$/);
const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
const { tree } = fc.letrec<{ tree: Value }>((tie) => ({
	tree: fc.oneof(
		{ depthSize: "small" },
		scalar,
		fc.array(tie("tree"), { maxLength: 4 }),
		fc.dictionary(key, tie("tree"), { maxKeys: 4 }),
	),
}));
const int = (text: string, ops = "") =>
	interpolateManifest({ manifest: { text, file: "m.yml" }, ops: [{ text: ops, file: "ops.yml" }] });

test("int is idempotent: what it prints, it prints again", () => {
	fc.assert(
		fc.property(tree, (value) => {
			const once = int(formatYaml(value));
			fc.pre(once.problems.length === 0);
			const text = formatNode(once.node);
			expect(formatNode(int(text).node)).toBe(text);
			expect(int(text).value).toEqual(once.value);
		}),
	);
});

test("an operation that adds a key, and one that removes it, leave what was there", () => {
	const map = fc.dictionary(key, tree, { minKeys: 1, maxKeys: 5 });
	fc.assert(
		fc.property(map, key, tree, (value, name, added) => {
			fc.pre(!Object.hasOwn(value, name) && added !== null);
			const path = `/${name.replaceAll("~", "~0").replaceAll("/", "~1").replaceAll(":", "~7")}`;
			const before = int(formatYaml(value));
			fc.pre(before.problems.length === 0);
			const ops = [
				{ type: "replace", path: `${path}?`, value: added },
				{ type: "remove", path },
			];
			const after = int(formatYaml(value), formatYaml(ops));
			expect(after.problems).toEqual([]);
			expect(after.value).toEqual(before.value);
		}),
	);
});

const { cloud } = cloudOf(CLOUD.replaceAll("azs: [z1]", "azs: [z1, z3]"));
const places = (instances: number, azs: readonly string[], recorded: readonly InstanceRecord[]) => {
	const text = group("web")
		.replace("instances: 1", `instances: ${instances}`)
		.replace("azs: [z1]", `azs: [${azs.join(", ")}]`);
	let ids = 0;
	const newId = () => `new-${recorded.length}-${ids++}`;
	const { groups, problems } = placeInstances(deploymentOf(manifest(text)), cloud, recorded, {
		usedElsewhere: new Set(),
		newId,
		include: () => true,
	});
	expect(problems).toEqual([]);
	return groups[0]?.instances.map(({ placed }) => placed) ?? [];
};

test("while a group grows and shrinks: addresses are in range, no two alike, kept by who stays; AZs differ by one at most", () => {
	const azs = fc.subarray(["z1", "z2", "z3"], { minLength: 1 });
	fc.assert(
		fc.property(azs, fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 5 }), (zones, sizes) => {
			let recorded: readonly InstanceRecord[] = [];
			for (const size of sizes) {
				const placed = places(size, zones, recorded);
				expect(placed).toHaveLength(size);
				const ips = placed.map(({ networks }) => networks.default?.ip ?? "");
				expect(new Set(ips).size).toBe(size);
				for (const [index, ip] of ips.entries())
					expect(ip).toMatch(
						placed[index]?.az === "z2" ? /^10\.9\.2\.(?!1$|[23]\d$|40$)\d+$/ : /^10\.9\.1\.(?![15]$|[23]\d$|40$)\d+$/,
					);
				const counts = zones.map((az) => placed.filter((each) => each.az === az).length);
				expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
				const former = new Map(recorded.map((each) => [each.id, each.ips.default]));
				for (const { id, networks } of placed) expect([undefined, networks.default?.ip]).toContain(former.get(id));
				recorded = placed.map(({ id, index, az, bootstrap, networks }) =>
					record("web", index, { id, az, bootstrap, ips: { default: networks.default?.ip ?? "" } }),
				);
			}
		}),
	);
});

test("planning twice gives the same", () => {
	const text = manifest(group("a"), group("b", ", lifecycle: errand"), group("c", ", persistent_disk: 5"));
	const plan = () => JSON.stringify(planOffline(deploymentOf(text), cloud, { used: new Set(), imported: new Set() }));
	expect(plan()).toBe(plan());
});
