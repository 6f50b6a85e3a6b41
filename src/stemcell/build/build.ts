import { createReadStream } from "node:fs";
import { open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock, Random } from "../../clock.ts";
import { digestOf } from "../../digest.ts";
import type { EventSink } from "../../events.ts";
import { sha256OfStream } from "../../release/fingerprint.ts";
import { writeBoot } from "./boot.ts";
import { type ImageDescription, installedPackages, uuidFor, versionOf } from "./description.ts";
import { settleTimes } from "./ext4-times.ts";
import { gptOf } from "./gpt.ts";
import { type Hooks, hooksFor } from "./hooks.ts";
import { type Layout, layoutFor, rootBytes, SECTOR } from "./layout.ts";
import type { Mode } from "./mode.ts";
import { type Arch, type ImageKind, imageName, type OperatingSystem } from "./operating-system.ts";
import { type Runner, run } from "./run.ts";
import { createSparse, installPackages, packageStatus, unpackTree, writeRoot } from "./tree.ts";
import { openWorkspace } from "./workspace.ts";

/** All that says what an image becomes. */
export interface ImagePlan {
	readonly os: OperatingSystem;
	readonly arch: Arch;
	readonly kind: ImageKind;
	/** Names, with the kernel's. */
	readonly packages: readonly string[];
	/** sources.list(5). */
	readonly sources: string;
	/** An absolute path. */
	readonly output: string;
}

export interface BuildContext {
	readonly mode: Mode;
	readonly emit: EventSink;
	readonly clock: Clock;
	readonly random: Random;
	readonly signal: AbortSignal;
}

export interface Built {
	readonly image: string;
	readonly description: ImageDescription;
	/** It was there already. */
	readonly cached: boolean;
}

/** What is changed in this folder so that the same packages give another image, without a change of the hooks. */
const FORMAT = 1;

/** What scripts of packages take for now: a constant, as what they write must not tell when the image was built. */
const EPOCH = 1_700_000_000;

const MINUTE = 60_000;

/** Builds the image, unless it is there and was built from the same. `rebuild`: in any case. */
export async function buildImage(plan: ImagePlan, rebuild: boolean, context: BuildContext): Promise<Built> {
	const { os, arch, kind, output } = plan;
	const name = imageName(os, arch, kind);
	const image = join(output, `${name}.qcow2`);
	const hooks = hooksFor(os, arch, kind, EPOCH);
	const builder = { format: FORMAT, os: os.name, arch, kind, hooks };
	const inputs = digestOf({ builder, packages: plan.packages, sources: plan.sources });
	const beside = join(output, `${name}.json`);
	const known = rebuild ? undefined : await readDescription(beside, image, inputs);
	if (known) return { image, description: known, cached: true };
	const runner = { signal: context.signal, deadlineMs: 20 * MINUTE };
	const workspace = await openWorkspace(output, name, context.mode, { random: context.random, runner });
	try {
		const made = await make({ plan, hooks, builder, workspace }, context);
		const description: ImageDescription = { os: os.name, arch, kind, inputs, ...made };
		await publish(workspace.folder, { image, beside, description });
		return { image, description, cached: false };
	} finally {
		await workspace.remove();
	}
}

async function readDescription(beside: string, image: string, inputs: string): Promise<ImageDescription | undefined> {
	try {
		await (await open(image, "r")).close();
		const found = JSON.parse(await readFile(beside, "utf8")) as ImageDescription;
		return found.inputs === inputs ? found : undefined;
	} catch {
		return undefined;
	}
}

/** An image without its description counts for nothing, so that is the last to come, and the first to go. */
async function publish(
	folder: string,
	{
		image,
		beside,
		description,
	}: { readonly image: string; readonly beside: string; readonly description: ImageDescription },
): Promise<void> {
	const text = join(folder, "description.json");
	await writeFile(text, `${JSON.stringify(description, undefined, "\t")}\n`);
	await rm(beside, { force: true });
	await rename(join(folder, "image.qcow2"), image);
	await rename(text, beside);
}

interface Making {
	readonly plan: ImagePlan;
	readonly hooks: Hooks;
	readonly builder: unknown;
	readonly workspace: { readonly folder: string; readonly temporary: string };
}

type Made = Pick<ImageDescription, "version" | "sha256" | "packages">;

async function make({ plan, hooks, builder, workspace }: Making, context: BuildContext): Promise<Made> {
	const { os, arch, packages, sources } = plan;
	const { mode, signal } = context;
	const cwd = workspace.folder;
	const runner: Runner = { cwd, signal, deadlineMs: 20 * MINUTE };
	const started = Math.floor(context.clock.now() / 1000);
	const installed = await step(
		context,
		"packages",
		`Install ${packages.length} packages of ${os.name}`,
		async (onLine) => {
			const options = { suite: os.suite, arch, packages, sources, hooks, temporary: workspace.temporary };
			await installPackages(options, mode, { ...runner, deadlineMs: 90 * MINUTE, onLine });
			return installedPackages(await packageStatus(runner), arch);
		},
	);
	const version = versionOf(installed, builder);
	const raw = join(cwd, "disk.raw");
	const written = await step(context, "root", "Write the root file system", async () => {
		const size = rootBytes(await unpackTree(mode, runner));
		const layout = layoutFor(arch, size);
		await createSparse(raw, layout.sectors * SECTOR);
		const [offset, uuid, hashSeed] = [layout.root.start * SECTOR, uuidFor(version, "root"), uuidFor(version, "hash")];
		await writeRoot(raw, { offset, bytes: size, uuid, hashSeed, time: EPOCH }, mode, runner);
		return layout;
	});
	await step(context, "boot", "Write the boot loader", () =>
		finishDisk(raw, { layout: written, arch, version, started }, runner),
	);
	const sha256 = await step(context, "compress", "Compress the image", async () => {
		await run(["qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", "disk.raw", "image.qcow2"], runner);
		await rm(raw);
		return sha256OfStream(createReadStream(join(cwd, "image.qcow2")));
	});
	return { version, sha256: sha256.replace(/^sha256:/, ""), packages: installed };
}

interface Disk {
	readonly layout: Layout;
	readonly arch: Arch;
	readonly version: string;
	readonly started: number;
}

async function finishDisk(raw: string, { layout, arch, version, started }: Disk, runner: Runner): Promise<void> {
	const file = await open(raw, "r+");
	try {
		await settleTimes(file, layout.root.start * SECTOR, started);
		for (const { sector, bytes } of gptOf(layout, (purpose) => uuidFor(version, purpose)))
			await file.write(bytes, 0, bytes.length, sector * SECTOR);
		await writeBoot(file, { layout, arch, time: EPOCH }, runner);
	} finally {
		await file.close();
	}
}

async function step<T>(
	{ emit, clock }: BuildContext,
	id: string,
	title: string,
	work: (onLine: (line: string) => void) => Promise<T>,
): Promise<T> {
	const kind = "build-stemcell";
	const started = clock.monotonic();
	const durationMs = () => clock.monotonic() - started;
	emit({ type: "step-started", id, kind, title });
	try {
		const made = await work((text) => emit({ type: "step-progress", id, text: text.replace(/^I: /, "") }));
		emit({ type: "step-finished", id, kind, title, durationMs: durationMs() });
		return made;
	} catch (error) {
		emit({ type: "step-failed", id, kind, title, durationMs: durationMs(), problems: [] });
		throw error;
	}
}
