import { Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { neededPackages } from "../../../src/release/compile-graph.ts";
import type { Release, ReleaseJob, ReleasePackage } from "../../../src/release/release.ts";
import { problemsOf } from "./trees.ts";

const stemcell = { os: "ubuntu-jammy", version: "1.12" };
const packageOf = (name: string, dependencies: readonly string[] = [], more: Partial<ReleasePackage> = {}) => ({
	name,
	fingerprint: `print of ${name}`,
	dependencies,
	form: "source" as const,
	open: async () => Readable.from([]),
	...more,
});

function releaseOf(jobs: Readonly<Record<string, readonly string[]>>, packages: readonly ReleasePackage[]): Release {
	return {
		name: "tiny",
		version: "1",
		commitHash: "",
		uncommittedChanges: false,
		jobs: new Map(
			Object.entries(jobs).map(([name, needs]) => [name, { name, packages: needs } as unknown as ReleaseJob]),
		),
		packages: new Map(packages.map((item) => [item.name, item])),
	};
}

const needed = async (release: Release, jobs: readonly string[], on = stemcell) => neededPackages(release, jobs, on);
const keysOf = (release: Release, on = stemcell) =>
	new Map(neededPackages(release, ["app"], on).map((item) => [item.package.name, item.key]));

describe("neededPackages", () => {
	const release = releaseOf({ app: ["web"], tool: ["cli"], idle: [] }, [
		packageOf("web", ["node", "lib"]),
		packageOf("lib", ["node"]),
		packageOf("node"),
		packageOf("cli", ["lib"]),
		packageOf("unused"),
	]);

	test.each<[readonly string[], readonly string[]]>([
		[["app"], ["node", "lib", "web"]],
		[["tool"], ["node", "lib", "cli"]],
		[
			["app", "tool"],
			["node", "lib", "web", "cli"],
		],
		[["idle"], []],
	])("of the jobs %j are %j, each after those that it depends on", async (jobs, names) => {
		expect((await needed(release, jobs)).map((item) => item.package.name)).toEqual(names);
	});

	test("stand after their dependencies in every graph without rings", async () => {
		const graph = fc.array(fc.array(fc.nat(19), { maxLength: 4 }), { minLength: 1, maxLength: 20 });
		await fc.assert(
			fc.asyncProperty(graph, async (edges) => {
				const packages = edges.map((to, from) =>
					packageOf(
						`p${from}`,
						[...new Set(to.filter((index) => index < from))].map((index) => `p${index}`),
					),
				);
				const order = (await needed(releaseOf({ app: packages.map(({ name }) => name) }, packages), ["app"])).map(
					(item) => item.package.name,
				);
				expect(new Set(order).size).toBe(packages.length);
				for (const { name, dependencies } of packages)
					for (const dependency of dependencies) expect(order.indexOf(dependency)).toBeLessThan(order.indexOf(name));
			}),
		);
	});

	test("rings, unknown jobs and packages are named", async () => {
		const ring = releaseOf({ app: ["a"], other: ["gone"] }, [
			packageOf("a", ["b"]),
			packageOf("b", ["c"]),
			packageOf("c", ["a"]),
		]);
		expect(await problemsOf(needed(ring, ["app", "other", "none"]))).toEqual([
			"package-cycle: release tiny/1: packages depend on each other in a ring: a needs b needs c needs a",
			"no-package: release tiny/1 has no package gone, which job other needs",
			"no-job: release tiny/1 has no job none",
		]);
	});

	test("a key changes with the package, what it depends on at any depth, and the stemcell, and with nothing else", () => {
		const before = keysOf(release);
		const changed = (name: string) =>
			releaseOf(
				{ app: ["web"] },
				[...release.packages.values()].map((item) => (item.name === name ? { ...item, fingerprint: "other" } : item)),
			);
		const differing = (after: ReadonlyMap<string, string>) =>
			[...before.keys()].filter((name) => before.get(name) !== after.get(name));
		expect(differing(keysOf(changed("node")))).toEqual(["node", "lib", "web"]);
		expect(differing(keysOf(changed("lib")))).toEqual(["lib", "web"]);
		expect(differing(keysOf(changed("unused")))).toEqual([]);
		expect(differing(keysOf({ ...release, version: "2" }))).toEqual([]);
		expect(differing(keysOf(release, { os: "ubuntu-jammy", version: "1.13" }))).toEqual(["node", "lib", "web"]);
		expect(differing(keysOf(release, { os: "ubuntu-noble", version: "1.12" }))).toEqual(["node", "lib", "web"]);
	});

	test("packages of the same content under two names, as vendoring with a prefix makes, are two: paths are written into them", () => {
		const twice = [packageOf("go"), packageOf("my-go", [], { fingerprint: "print of go" })];
		expect(new Set(keysOf(releaseOf({ app: ["go", "my-go"] }, twice)).values()).size).toBe(2);
	});
});

describe("compiled packages", () => {
	const compiled = (compiledFor: string) => packageOf("pad", [], { form: { compiledFor } });
	const only = (compiledFor: string) => releaseOf({ app: ["pad"] }, [compiled(compiledFor)]);
	const both = (compiledFor: string) =>
		releaseOf({ app: ["pad"] }, [packageOf("pad", [], { compiled: compiled(compiledFor) })]);

	test.each<[string, Release, unknown]>([
		["alone, of the exact stemcell", only("ubuntu-jammy/1.12"), { compiledFor: "ubuntu-jammy/1.12" }],
		["alone, of the same line", only("ubuntu-jammy/1.10"), { compiledFor: "ubuntu-jammy/1.10" }],
		["beside source, of the exact stemcell", both("ubuntu-jammy/1.12"), { compiledFor: "ubuntu-jammy/1.12" }],
		["beside source, of the same line: compiled anew", both("ubuntu-jammy/1.10"), "source"],
		["beside source, of another line: compiled anew", both("ubuntu-jammy/2.0"), "source"],
	])("%s", async (_what, release, form) => {
		expect((await needed(release, ["app"])).map((item) => item.package.form)).toEqual([form]);
	});

	test("the key names the stemcell that it was compiled on: that of the same package compiled there", () => {
		const source = releaseOf({ app: ["pad"] }, [packageOf("pad")]);
		const there = keysOf(source, { os: "ubuntu-jammy", version: "1.10" });
		expect(keysOf(only("ubuntu-jammy/1.10"))).toEqual(there);
		expect(keysOf(both("ubuntu-jammy/1.10"))).toEqual(keysOf(source));
		expect(keysOf(source)).not.toEqual(there);
	});

	test.each(["ubuntu-jammy/2.0", "ubuntu-noble/1.12"])("alone, for %s, are refused", async (line) => {
		expect(await problemsOf(needed(only(line), ["app"]))).toEqual([
			`compiled-for-other-stemcell: release tiny/1 holds compiled packages for ${line}, which the stemcell ubuntu-jammy/1.12 can't use: pad`,
		]);
	});
});
