import { Readable } from "node:stream";
import { type ArchiveMember, archive } from "./archive.ts";
import type { FileTree, PackageMember, ReleaseFiles } from "./files.ts";
import { type PackageRecipe, walk } from "./package-members.ts";

/** The archive of a source package, made while it is read. Runs `pre_packaging` first if the package has it, as `create-release` does. */
export async function packageArchive(files: ReleaseFiles, recipe: PackageRecipe): Promise<Readable> {
	if (!recipe.prePackaging) return archive(await archiveMembers(files, recipe.members), recipe);
	const staged = await files.prePackage(recipe.members, "pre_packaging", `package ${recipe.name}`);
	const members: PackageMember[] = [];
	for await (const member of walk(staged, "", "")) if (member.path !== "pre_packaging") members.push(member);
	const body = archive(await archiveMembers(staged, members), recipe);
	return Readable.from(
		andThen(body, () => staged.remove()),
		{ objectMode: false },
	);
}

async function archiveMembers(files: FileTree, members: readonly PackageMember[]): Promise<ArchiveMember[]> {
	return Promise.all(
		members.map(async ({ path, source, kind, executable, size }) => ({
			path,
			executable,
			size,
			...(kind === "symlink" ? { linkTo: await files.readLink(source) } : {}),
			open: () => files.open(source),
		})),
	);
}

async function* andThen(body: Readable, finish: () => Promise<void>): AsyncGenerator<Buffer> {
	try {
		yield* body as AsyncIterable<Buffer>;
	} finally {
		await finish();
	}
}
