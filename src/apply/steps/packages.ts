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
import type { PeerArchive } from "../../machine/peer-archive.ts";
import { LEAST_FROM_PEERS } from "../../plan/package-peers.ts";
import type { InstanceName, PackageSource, PackageUse, Step } from "../../plan/step.ts";
import type { ApplyContext } from "../context.ts";
import { lastLines, runScript } from "../run-script.ts";
import { fetchFromPeer, openServing } from "./peer-packages.ts";

type Of<K extends Step["kind"]> = Extract<Step, { kind: K }> & { instance: string };
/** A step of whose packages the plan says where they come from. */
type FromSources = Step & {
	readonly instance: InstanceName;
	readonly sources: readonly PackageSource[];
	readonly peers?: readonly InstanceName[];
};

/** The compiled bits of a package. */
interface Archive extends PackageBits {
	/** Where the blob store has them; undefined: a release brings them in another way. */
	readonly digest: Digest | undefined;
	/** Undefined: not known. */
	readonly bytes: number | undefined;
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
	for (const use of packages) {
		if (!missing.has(use.name)) {
			if (step.peers) context.peers.has(shareOf(use, step.instance, context), step.instance);
			continue;
		}
		context.emit({ type: "step-progress", id: step.id, text: `${use.release}/${use.name}` });
		const archive = await compiledForm(use, context);
		const shared = step.peers && peerArchive(archive);
		if (shared) await fromPeers(context, step, use, { ...archive, ...shared });
		else await fromElsewhere(context, step, archive);
	}
}

/** What VMs get from each other: undefined if it is too small for that, or its digest isn't known. */
function peerArchive({ digest, bytes = 0 }: Archive): PeerArchive | undefined {
	return digest === undefined || bytes < LEAST_FROM_PEERS ? undefined : { sha256: hex(digest), bytes };
}

function hex(digest: Digest): string {
	return digest.slice("sha256:".length);
}

/** VMs of an AZ share what has the same key. */
export function shareOf({ key }: PackageUse, instance: InstanceName, { records }: ApplyContext): string {
	return `${records.get(instance).az} ${key}`;
}

async function fromPeers(
	context: ApplyContext,
	step: FromSources,
	use: PackageUse,
	archive: Archive & PeerArchive,
): Promise<void> {
	const { records, peers, peerAddress } = context;
	const { instance } = step;
	const route = (peer: InstanceName) => {
		const ways = [peerAddress(peer, instance), peerAddress(instance, peer)];
		return ways[0] && ways.map((way) => way?.network ?? "").join(" ");
	};
	await peers.bring({
		share: shareOf(use, instance, context),
		instance,
		having: (step.peers ?? []).filter((peer) => records.find(peer)?.applied?.packages[use.name] === use.key),
		route,
		fromPeer: async (peer) => {
			const fault = await fetchFromPeer(instance, peer, archive, context);
			if (fault === undefined) tell(context, step, archive, { source: "peer", peer });
			return fault;
		},
		otherwise: async () => {
			await openServing(instance, context);
			await fromElsewhere(context, step, archive, archive);
		},
	});
}

async function fromElsewhere(
	context: ApplyContext,
	step: FromSources,
	archive: Archive,
	keep?: PeerArchive,
): Promise<void> {
	if (step.sources.includes("object-store") && (await fetched(context, step, archive, keep)))
		return tell(context, step, archive, { source: "object-store" });
	await runScript(context, step, installPackageScript(archive, keep), "package-not-installed", {
		stdin: archive.open,
		idleMs: 60_000,
	});
	tell(context, step, archive, { source: "ssh" });
}

function tell(
	{ emit }: ApplyContext,
	{ instance }: FromSources,
	{ name, bytes }: Archive,
	from: { readonly source: PackageSource; readonly peer?: InstanceName },
): void {
	const size = bytes === undefined ? {} : { bytes };
	emit({ type: "package-installed", instance, package: name, ...from, ...size });
}

/** Has the VM fetch it. False: it could not, which is told of each VM once; it isn't asked again. */
async function fetched(
	context: ApplyContext,
	step: FromSources,
	archive: Archive,
	keep?: PeerArchive,
): Promise<boolean> {
	const { blobs, cannotFetch, emit } = context;
	const { digest } = archive;
	if (digest === undefined || cannotFetch.has(step.instance)) return false;
	const url = await blobs.signedUrl?.(digest);
	if (url === undefined) return false;
	const script = fetchPackageScript(archive, hex(digest), keep);
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
	if (use.compiledFor !== undefined) {
		const blob = blobOf(use);
		return { ...bits, digest: blob, bytes: blob && (await blobs.size(blob)), open: () => openPackage(use) };
	}
	const digest = (await store.compiled(use.key)) as Digest | undefined;
	if (!digest) throw new Error(`package ${use.release}/${use.name} has no compiled form`);
	return { ...bits, digest, bytes: await blobs.size(digest), open: () => blobs.open(digest) };
}
