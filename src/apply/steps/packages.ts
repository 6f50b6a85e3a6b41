import type { Readable } from "node:stream";
import type { Digest } from "../../blobs/blobs.ts";
import { installPackageScript, missingPackagesScript } from "../../machine/package.ts";
import type { PackageUse, Step } from "../../plan/step.ts";
import type { ApplyContext } from "../context.ts";
import { runScript } from "../run-script.ts";

type Of<K extends Step["kind"]> = Extract<Step, { kind: K }> & { instance: string };

/** Brings the compiled packages to the VM; what runs there still uses the old ones. */
export async function installPackages(step: Of<"install-packages">, context: ApplyContext): Promise<void> {
	await ensurePackages(context, step, step.packages);
}

/** Sends those that the VM lacks. */
export async function ensurePackages(
	context: ApplyContext,
	step: Step,
	packages: readonly PackageUse[],
): Promise<void> {
	if (packages.length === 0) return;
	const list = packages.map(({ name, key }) => ({ name, fingerprint: key }));
	const { stdout } = await runScript(context, step, missingPackagesScript(list), "packages-unknown");
	const missing = new Set(stdout.split("\n").filter((line) => line !== ""));
	for (const use of packages.filter(({ name }) => missing.has(name))) {
		context.emit({ type: "step-progress", id: step.id, text: `${use.release}/${use.name}` });
		const open = await compiledForm(use, context);
		await runScript(
			context,
			step,
			installPackageScript({ name: use.name, fingerprint: use.key }),
			"package-not-installed",
			{ stdin: open, idleMs: 60_000 },
		);
	}
}

/** Where the compiled bits come from: the release that brings them, else what was compiled here. */
async function compiledForm(
	use: PackageUse,
	{ store, blobs, openPackage }: ApplyContext,
): Promise<() => Promise<Readable>> {
	if (use.compiledFor !== undefined) return () => openPackage(use);
	const digest = (await store.compiled(use.key)) as Digest | undefined;
	if (!digest) throw new Error(`package ${use.release}/${use.name} has no compiled form`);
	return () => blobs.open(digest);
}
