import type { Digest } from "../../blobs/blobs.ts";
import { problem, UserError } from "../../errors.ts";
import { packCompiledScript } from "../../machine/package.ts";
import { compileScript } from "../../machine/package-compile.ts";
import type { PackageUse, Step } from "../../plan/step.ts";
import { type ApplyContext, callOptions } from "../context.ts";
import { lastLines, runScript } from "../run-script.ts";
import { ensurePackages, shareOf } from "./packages.ts";

type Of<K extends Step["kind"]> = Extract<Step, { kind: K }> & { instance: string };

/** Compiles one package on the step's VM and keeps the result as a blob, for every VM and deployment of the same stemcell. */
export async function compilePackage(step: Of<"compile-package">, context: ApplyContext): Promise<void> {
	const { store, blobs } = context;
	const use = step.package;
	const known = await store.compiled(use.key);
	if (known !== undefined && (await blobs.has(known as Digest))) return;
	const needs = needsOf(use, packagesOn(step.stemcell, context));
	await ensurePackages(context, step, needs);
	await compile(step, context, needs);
	const connection = await context.connect(step.instance, { signal: callOptions(context).signal });
	const packed = await connection.stream(
		packCompiledScript({ name: use.name, fingerprint: use.key }),
		callOptions(context),
	);
	const { digest } = await blobs.put(packed);
	context.lease.check();
	const { release, name, fingerprint, key } = use;
	const { os, version } = step.stemcell;
	const about = { release, package: name, fingerprint, stemcell: { os, version }, compiledAt: context.clock.now() };
	await store.putCompiled({ key, digest, about });
	// A compilation VM is gone before others are done with it.
	const stays = context.records.find(step.instance)?.lifecycle !== "compilation";
	if (step.peers && stays) context.peers.has(shareOf(use, step.instance, context), step.instance);
}

async function compile(
	step: Of<"compile-package">,
	context: ApplyContext,
	needs: readonly PackageUse[],
): Promise<void> {
	const use = step.package;
	const log = await context.openLog(`compile-${use.release}-${use.name}`);
	try {
		const result = await runScript(
			context,
			step,
			compileScript({
				name: use.name,
				version: use.fingerprint,
				fingerprint: use.key,
				dependencies: needs.map(({ name, key }) => ({ name, fingerprint: key })),
			}),
			"package-failed",
			{
				stdin: () => context.openPackage(use),
				anyExitCode: true,
				onLine: (_, line) => log.line(line),
			},
		);
		if (result.code === 0) return;
		const { os, version } = step.stemcell;
		const jobs = [...context.desired.values()].flatMap((instance) => instance.jobs);
		const of = jobs.find(({ release }) => release.name === use.release)?.release;
		throw new UserError(
			problem(
				"package-failed",
				`package ${use.name} of release ${use.release}/${of?.version} does not compile on ${os}/${version}: its packaging script ended with exit code ${result.code ?? result.signal}\n${lastLines(log.tail(), 20)}`,
				{
					hint: `the whole log is ${log.path}; mend the package and deploy again: only this package compiles anew`,
				},
			),
		);
	} finally {
		await log.close();
	}
}

/** All packages of a stemcell's instances: the VM that compiles one need not be among those that use it. */
function packagesOn({ os, version }: Of<"compile-package">["stemcell"], { desired }: ApplyContext): PackageUse[] {
	return [...desired.values()]
		.filter(({ shape: { stemcell } }) => stemcell.os === os && stemcell.version === version)
		.flatMap(({ packages }) => packages);
}

/** What a package needs, and what that needs, in an order that puts the needed first. */
function needsOf(use: PackageUse, all: readonly PackageUse[]): PackageUse[] {
	const found = new Map<string, PackageUse>();
	const visit = (from: PackageUse) => {
		for (const name of from.dependencies) {
			const need = all.find((other) => other.release === from.release && other.name === name);
			if (!need || found.has(need.name)) continue;
			visit(need);
			found.set(need.name, need);
		}
	};
	visit(use);
	return [...found.values()];
}
