import type { Readable } from "node:stream";
import type { Digest } from "../../blobs/blobs.ts";
import { warning } from "../../errors.ts";
import {
	curlConfig,
	fetchPackageScript,
	installPackageScript,
	missingPackagesScript,
	type PackageBits,
} from "../../machine/package.ts";
import type { InstanceName, PackageSource, PackageUse, Step } from "../../plan/step.ts";
import type { ApplyContext } from "../context.ts";
import { lastLines, runScript } from "../run-script.ts";

type Of<K extends Step["kind"]> = Extract<Step, { kind: K }> & { instance: string };
/** A step of whose packages the plan says where they come from. */
type FromSources = Step & { readonly instance: InstanceName; readonly sources: readonly PackageSource[] };

/** The compiled bits of a package. */
interface Archive extends PackageBits {
	/** Where the blob store has them; undefined: a release brings them in another way. */
	readonly digest: Digest | undefined;
	open(): Promise<Readable>;
}

/** Brings the compiled packages to the VM; what runs there still uses the old ones. */
export async function installPackages(step: Of<"install-packages">, context: ApplyContext): Promise<void> {
	await ensurePackages(context, step, step.packages);
}

/** Brings those that the VM lacks, each from the first of the step's sources that can. */
export async function ensurePackages(
	context: ApplyContext,
	step: FromSources,
	packages: readonly PackageUse[],
): Promise<void> {
	if (packages.length === 0) return;
	const list = packages.map(({ name, key }) => ({ name, fingerprint: key }));
	const { stdout } = await runScript(context, step, missingPackagesScript(list), "packages-unknown");
	const missing = new Set(stdout.split("\n").filter((line) => line !== ""));
	for (const use of packages.filter(({ name }) => missing.has(name))) {
		context.emit({ type: "step-progress", id: step.id, text: `${use.release}/${use.name}` });
		const archive = await compiledForm(use, context);
		if (step.sources.includes("object-store") && (await fetched(context, step, archive))) continue;
		await runScript(context, step, installPackageScript(archive), "package-not-installed", {
			stdin: archive.open,
			idleMs: 60_000,
		});
	}
}

/** Has the VM fetch it. False: it could not, which is told of each VM once; it isn't asked again. */
async function fetched(context: ApplyContext, step: FromSources, archive: Archive): Promise<boolean> {
	const { blobs, cannotFetch, emit } = context;
	const { digest } = archive;
	if (digest === undefined || cannotFetch.has(step.instance)) return false;
	const url = await blobs.signedUrl?.(digest);
	if (url === undefined) return false;
	const script = fetchPackageScript(archive, digest.slice("sha256:".length));
	const { code, stderr } = await runScript(context, step, script, "package-not-fetched", {
		stdin: async () => curlConfig(url),
		anyExitCode: true,
	});
	if (code === 0) return true;
	if (!cannotFetch.has(step.instance)) emit({ type: "problem", problem: notFetched(step.instance, archive, stderr) });
	cannotFetch.add(step.instance);
	return false;
}

function notFetched(instance: InstanceName, { name, digest }: Archive, stderr: string) {
	const why = lastLines(stderr, 1);
	return warning(
		"package-not-fetched",
		`${instance} could not fetch package ${name} from the object store, and gets its packages over SSH: ${why}`,
		{
			hint: `check that the VM reaches that server (vm_endpoint in DAVIT_BLOBS says where), and that the object ${digest} is whole`,
		},
	);
}

/** Where the compiled bits come from: the release that brings them, else what was compiled here. */
async function compiledForm(use: PackageUse, { store, blobs, openPackage, blobOf }: ApplyContext): Promise<Archive> {
	const bits = { name: use.name, fingerprint: use.key };
	if (use.compiledFor !== undefined) return { ...bits, digest: blobOf(use), open: () => openPackage(use) };
	const digest = (await store.compiled(use.key)) as Digest | undefined;
	if (!digest) throw new Error(`package ${use.release}/${use.name} has no compiled form`);
	return { ...bits, digest, open: () => blobs.open(digest) };
}
