import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { createGzip } from "node:zlib";
import { pack } from "tar-stream";
import { describe, expect, test } from "vitest";
import { releaseFromIndex } from "../../../src/release/from-index.ts";
import { inspectRelease } from "../../../src/release/inspect.ts";
import { indexTarball } from "../../../src/release/tarball.ts";
import { bytesOf, memoryStore, problemsOf } from "./trees.ts";

type Members = readonly (readonly [name: string, content: string | Buffer])[];

/** A tar as any tar might have written it, members as given. */
async function tarOf(members: Members, gzip = true): Promise<Buffer> {
	const tar = pack();
	for (const [name, content] of members) {
		if (name.endsWith("/")) tar.entry({ name, type: "directory" });
		else tar.entry({ name }, content);
	}
	tar.finalize();
	const bytes = Buffer.concat((await Readable.from(tar).toArray()) as Buffer[]);
	return gzip ? bytesOf(Readable.from([bytes]).pipe(createGzip())) : bytes;
}

const hex = (algorithm: string, bytes: string | Buffer) => createHash(algorithm).update(bytes).digest("hex");

const jobMembers: Members = [
	["./job.MF", "name: app\ntemplates: {ctl.erb: bin/ctl}\npackages: [pad]\n"],
	["./monit", "check process app"],
	["./templates/ctl.erb", "#!/bin/bash\n"],
];
const packageArchive = Buffer.from("the package's archive");

async function release(changes: { manifest?: (text: string) => string; job?: Members } = {}): Promise<Members> {
	const job = await tarOf(changes.job ?? jobMembers);
	const manifest = [
		"---",
		"name: tiny",
		"version: 1.10",
		"commit_hash: abc123",
		"uncommitted_changes: true",
		"jobs:",
		"- name: app",
		"  version: f1",
		"  fingerprint: f1",
		`  sha1: ${hex("sha1", job)}`,
		"packages:",
		"- name: pad",
		"  fingerprint: 123456e7",
		`  sha1: ${hex("sha1", packageArchive)};sha256:${hex("sha256", packageArchive)}`,
		"  dependencies: []",
		"",
	].join("\n");
	return [
		["release.MF", changes.manifest?.(manifest) ?? manifest],
		["jobs/", ""],
		["jobs/app.tgz", job],
		["packages/", ""],
		["packages/pad.tgz", packageArchive],
	];
}

const open = async (bytes: Buffer) => {
	const store = memoryStore();
	return releaseFromIndex(await indexTarball(Readable.from([bytes]), "t.tgz", store), store);
};
const problems = (bytes: Buffer) => problemsOf(open(bytes));

describe("a release tarball", () => {
	test("gives jobs, packages, and the version as it is written", async () => {
		const found = await open(await tarOf(await release()));
		expect(found).toMatchObject({ name: "tiny", version: "1.10", commitHash: "abc123", uncommittedChanges: true });
		expect(found.jobs.get("app")).toMatchObject({
			fingerprint: "f1",
			monit: "check process app",
			templates: [{ source: "ctl.erb", destination: "bin/ctl", content: "#!/bin/bash\n" }],
		});
		expect(found.packages.get("pad")).toMatchObject({ fingerprint: "123456e7", form: "source", dependencies: [] });
		expect(await bytesOf(await (found.packages.get("pad")?.open() ?? Promise.reject()))).toEqual(packageArchive);
	});

	test.each<[string, (members: Members) => Members, gzip?: boolean]>([
		["./ before each name", (members) => members.map(([name, content]) => [`./${name}`, content])],
		["members in any order", (members) => members.toReversed()],
		[
			"macOS companion files",
			(members) => [...members.map(([name]) => [name.replace(/([^/]+)$/, "._$1"), "junk"] as const), ...members],
		],
		["files that no release has", (members) => [["README", "hi"], ["jobs/deep/x.tgz", "?"], ...members]],
		["no compression", (members) => members, false],
	])("is read with %s", async (_what, change, gzip) => {
		const found = await open(await tarOf(change(await release()), gzip));
		expect([[...found.jobs.keys()], [...found.packages.keys()]]).toEqual([["app"], ["pad"]]);
	});

	test("Ruby's !binary texts are decoded", async () => {
		const manifest = (text: string) =>
			text.replace("fingerprint: f1", `fingerprint: !binary |-\n    ${Buffer.from("f1").toString("base64")}`);
		expect((await open(await tarOf(await release({ manifest })))).jobs.get("app")?.fingerprint).toBe("f1");
	});

	test("compiled packages name their stemcell; a source beside one is kept too", async () => {
		const manifest = (text: string) =>
			`${text}compiled_packages:\n- name: pad\n  fingerprint: 123456e7\n  sha1: sha256:${hex("sha256", "compiled")}\n  stemcell: ubuntu-jammy/1.10\n  dependencies: []\n`;
		const found = await open(
			await tarOf([...(await release({ manifest })), ["compiled_packages/pad.tgz", "compiled"]]),
		);
		expect(inspectRelease(found).map(({ kind, name, stemcell, needs }) => [kind, name, stemcell, needs])).toEqual([
			["job", "app", "", ["pad"]],
			["package", "pad", "", []],
			["package", "pad", "ubuntu-jammy/1.10", []],
		]);
	});

	test("whose members differ from the digests names each with both", async () => {
		const wrong = "0".repeat(40);
		const sha256 = "1".repeat(64);
		const manifest = (text: string) =>
			text.replace(/sha1: [0-9a-f]{40}$/m, `sha1: ${wrong}`).replace(/sha256:\S+/, `sha256:${sha256}`);
		const members = await release({ manifest });
		expect(await problems(await tarOf(members))).toEqual([
			`checksum-mismatch: t.tgz: jobs/app.tgz of job app has the checksum sha1:${hex("sha1", members[2]?.[1] ?? "")}, its release.MF says sha1:${wrong}`,
			`checksum-mismatch: t.tgz: packages/pad.tgz of package pad has the checksum sha256:${hex("sha256", packageArchive)}, its release.MF says sha256:${sha256}`,
		]);
	});

	test("that lacks members names them all", async () => {
		const members = (await release()).filter(([name]) => !name.endsWith(".tgz"));
		expect(await problems(await tarOf(members))).toEqual([
			"missing-member: t.tgz is incomplete: its release.MF names job app, but jobs/app.tgz is missing",
			"missing-member: t.tgz is incomplete: its release.MF names package pad, but packages/pad.tgz is missing",
		]);
	});

	test.each<[string, Members, string]>([
		[
			"a path that climbs out",
			[["../evil", "x"]],
			"path-escapes: t.tgz holds a file named ../evil, which lies outside the archive",
		],
		[
			"an absolute path",
			[["/etc/passwd", "x"]],
			"path-escapes: t.tgz holds a file named /etc/passwd, which lies outside the archive",
		],
		["no release.MF", [["README", "x"]], "not-a-release: t.tgz is no release: it holds no release.MF"],
		["nothing", [], "not-a-release: t.tgz is no release: it holds no release.MF"],
		["no name", [["release.MF", "version: 1"]], "bad-release: t.tgz: release.MF names no release"],
	])("with %s is refused", async (_what, members, message) => {
		expect(await problems(await tarOf(members))).toEqual([message]);
	});

	test("with a path that climbs out of a job's archive is refused", async () => {
		const members = await release({ job: [...jobMembers, ["templates/../../x", "x"]] });
		expect(await problems(await tarOf(members))).toEqual([
			"path-escapes: t.tgz: jobs/app.tgz holds a file named templates/../../x, which lies outside the archive",
		]);
	});

	test("cut short anywhere is never taken for a whole one", async () => {
		const bytes = await tarOf(await release());
		for (let length = 1; length < bytes.length; length += 37)
			expect(await problems(bytes.subarray(0, length)), `cut at ${length} of ${bytes.length}`).toEqual([
				"broken-tarball: t.tgz is cut short: it ends in the middle of a file",
			]);
	});

	test("that is something else is said to be no archive", async () => {
		expect(await problems(Buffer.from("<html>not found</html>".repeat(60)))).toEqual([
			"broken-tarball: t.tgz is no tar archive, or a damaged one",
		]);
	});

	test("with a damaged byte in the middle fails with a message for the user", async () => {
		const bytes = await tarOf(await release());
		const damaged = Buffer.from(bytes);
		damaged[bytes.length >> 1] = (damaged[bytes.length >> 1] ?? 0) ^ 0xff;
		expect((await problems(damaged)).length).toBeGreaterThan(0);
	});
});
