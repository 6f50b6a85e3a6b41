import { expect, test } from "vitest";
import { cleanUp, cleanUpRows, type Kept } from "../../../src/plan/clean-up.ts";
import type { Use } from "../../../src/plan/uses.ts";
import type { TarballIndex } from "../../../src/release/tarball.ts";

const DAY = 86_400_000;
const now = 100 * DAY;
const blob = (letter: string) => `sha256:${letter.repeat(64)}` as const;
const image = (version: string) => ({ cid: `i-${version}`, cpi: "kvm", deployment: "cf", os: "jammy", version });
const release = (version: string, digest: string) =>
	({ manifest: { name: "nats", version }, blobs: { "packages/nats.tgz": blob(digest) } }) as unknown as TarballIndex;
const compiled = (key: string, fingerprint: string, version: string, digest: string) => {
	const stemcell = { os: "jammy", version };
	const about = { release: "nats", package: "nats", fingerprint, stemcell, compiledAt: Number(version) };
	return { key, digest: blob(digest), about };
};
const stemcell = (version: string) => ({
	...{ name: "bosh-kvm", os: "jammy", version, formats: [], light: false, sha1: "", size: 1, file: `/s/${version}` },
});
const kept: Kept = {
	orphans: [],
	images: ["1.1", "1.2", "1.9", "1.10", "1.11"].map(image),
	uploaded: [release("1", "1"), release("2", "2"), release("3", "3"), release("4", "4"), release("5", "1")],
	stemcells: ["1.1", "1.9", "1.10", "1.11", "1.12"].map(stemcell),
	compiled: [
		compiled("used", "f5", "1.9", "a"),
		compiled("old", "f1", "1.1", "b"),
		compiled("other", "f5", "1.10", "c"),
	],
	cached: [
		{ path: "/d/needed", size: 1, changedAt: 0, download: "needed" },
		{ path: "/d/old", size: 2, changedAt: 0, download: "old" },
		{ path: "/d/new", size: 4, changedAt: now, download: "new" },
	],
	blobs: [..."12345abc"].map((letter) => ({
		digest: blob(letter),
		size: 8,
		changedAt: now - (letter === "5" ? 2 * DAY : 0),
	})),
};
const use: Use = {
	deployment: "cf",
	unfinished: false,
	stemcells: [{ os: "jammy", version: "latest" }],
	releaseRefs: [],
	releases: { "nats/5": { jobs: {}, packages: { nats: "f5" } } },
	vmStemcells: ["jammy/1.9"],
	vmPackages: new Set(),
};
const cleaned = (all: boolean, uses: readonly Use[]) => {
	const due = cleanUp(kept, uses, { all, now, downloads: new Set(["needed"]) });
	return {
		images: due.images.map(({ version }) => version),
		uploaded: due.uploaded.map(({ manifest }) => manifest.version),
		stemcells: due.stemcells.map(({ version }) => version),
		compiled: due.compiled.map(({ key }) => key),
		cached: due.cached.map(({ path }) => path),
		blobs: due.blobs.map(({ digest }) => digest.at(-1)).join(""),
		bytes: cleanUpRows(due).reduce((sum, { bytes = 0 }) => sum + bytes, 0),
	};
};

test("of what nothing uses the two newest stay, and a blob that what stays names", () => {
	expect(cleaned(false, [use])).toEqual({
		images: ["1.2", "1.1"],
		uploaded: ["2", "1"],
		stemcells: ["1.10", "1.1"],
		compiled: [],
		cached: ["/d/old"],
		blobs: "25",
		bytes: 20,
	});
});

test("with all nothing stays but what a deployment uses", () => {
	expect(cleaned(true, [use])).toMatchObject({
		images: ["1.11", "1.10", "1.2", "1.1"],
		uploaded: ["4", "3", "2", "1"],
		stemcells: ["1.12", "1.11", "1.10", "1.1"],
		compiled: ["old", "other"],
		cached: ["/d/old", "/d/new"],
		blobs: "234bc5",
	});
});

test("a deploy that has not finished may need any image of its line, and any package of its releases, to go back", () => {
	const nats = { name: "nats", version: "4" };
	const unfinished = cleaned(true, [{ ...use, unfinished: true, releaseRefs: [nats] }]);
	expect(unfinished).toMatchObject({ images: [], stemcells: [], uploaded: ["3", "2", "1"], compiled: [] });
});
