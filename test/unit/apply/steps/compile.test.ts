import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { compilePackage } from "../../../../src/apply/steps/compile.ts";
import { packagePath } from "../../../../src/machine/layout.ts";
import type { CompiledPackage } from "../../../../src/state/state.ts";
import { applyWorld } from "../../../support/apply-fixtures.ts";
import { desired, group } from "../../../support/plan-fixtures.ts";

const go = { name: "go", release: "tiny", fingerprint: "fg", key: "kg", dependencies: [] };
const app = { name: "app", release: "tiny", fingerprint: "fa", key: "ka", dependencies: ["go"] };
const step = {
	kind: "compile-package",
	id: "compile-package tiny/app local/1",
	title: "",
	after: [],
	instance: "idle/0",
	package: app,
	stemcell: { os: "local", version: "1" },
	sources: ["ssh"],
} as const;

/** Compiles on idle/0, which has no job of the package's release; only g/0 has. */
async function compileElsewhere(code: number) {
	const kept = new Map([["kg", "sha256:go"]]);
	const made = applyWorld({
		desired: [desired(group("idle"), 0, { jobs: [] }), desired(group("g"), 0, { packages: [go, app] })],
		answer: (script) => ({ code: script.includes("BOSH_INSTALL_TARGET") ? code : 0 }),
	});
	const { store, connect } = made.context;
	const context = {
		...made.context,
		store: {
			...store,
			compiled: async (key: string) => kept.get(key),
			putCompiled: async ({ key, digest }: CompiledPackage) => void kept.set(key, digest),
		},
		blobs: { has: async () => true, put: async () => ({ digest: "sha256:app" }) },
		openPackage: async () => Readable.from([]),
		openLog: async () => ({ path: "/log", line: () => {}, tail: () => "", close: async () => {} }),
		connect: async (name: string) => ({
			...(await connect(name, { signal: made.context.signal })),
			stream: async () => Readable.from([]),
		}),
	} as unknown as typeof made.context;
	const outcome = await compilePackage(step, context).catch((error: unknown) => error);
	return { outcome, scripts: made.seen.scripts, kept };
}

test("a package finds what it needs on a VM that has no job of its release", async () => {
	const { outcome, scripts, kept } = await compileElsewhere(0);
	expect(outcome).toBe(undefined);
	const compiling = scripts.find((script) => script.includes("BOSH_INSTALL_TARGET"));
	expect(compiling).toContain(packagePath("go", "kg"));
	expect(kept.get("ka")).toBe("sha256:app");
});

test("a package that does not compile there is told with its release's version", async () => {
	const { outcome } = await compileElsewhere(1);
	expect((outcome as Error).message).toContain("package app of release tiny/1 does not compile on local/1");
});
