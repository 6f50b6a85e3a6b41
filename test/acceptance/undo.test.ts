import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openWorld, type World } from "../support/acceptance.ts";
import { golden, startedKinds } from "../support/acceptance-golden.ts";
import { listingOf, recordedListing } from "../support/acceptance-state.ts";
import { users } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const user = users.at(-1) as (typeof users)[number];

interface Wanted {
	readonly version: number;
	/** Whether its pre-start fails. */
	readonly fails?: boolean;
	readonly undo?: "never";
	readonly more?: boolean;
	readonly folder?: boolean;
	readonly dbDisk?: boolean;
}

describe("deploy --on-failure undo", () => {
	let world: World;
	/** A web server and a database; with `more` another group. The release of each version brings another package. */
	async function write({ version, fails = false, undo, more = false, folder = false, dbDisk = true }: Wanted) {
		writeTinyRelease(world, "release", {
			jobs: {
				app: {
					properties: { fails: {}, text: {} },
					templates: { "config/text": "<%= p('text') %>\n" },
					hooks: { "pre-start": "exit <%= p('fails') ? 1 : 0 %>" },
					packages: ["tool"],
				},
			},
			packages: { tool: `echo ${version} >"$BOSH_INSTALL_TARGET/tool"` },
		});
		const tarball = `tiny-${version}.tgz`;
		const made = await world.davit([
			"create-release",
			"release",
			"--version",
			`${version}`,
			"--tarball",
			tarball,
			"--force",
		]);
		expect(made.code, made.stderr).toBe(0);
		const app = {
			name: "app",
			release: "tiny",
			properties: { fails, text: `text ${version}` },
			...(undo ? { undo } : {}),
		};
		const groups = [
			tinyGroup("web", [app]),
			tinyGroup(
				"db",
				[{ ...app, properties: { fails: false, text: `db ${version}` } }],
				dbDisk ? { persistent_disk: 64 } : {},
			),
			...(more ? [tinyGroup("more", [app])] : []),
		];
		const releases = folder
			? [{ name: "tiny", version: "create", url: "./release" }]
			: [{ name: "tiny", version: `${version}`, url: `./${tarball}` }];
		world.write("tiny.yml", tinyManifest(groups, { releases }));
	}
	const deploy = (...options: readonly string[]) =>
		world.told(["deploy", "tiny.yml", "-n", "--on-failure", "undo", ...options]);
	const texts = async () => {
		const read = "cat /var/vcap/jobs/app/config/text /var/vcap/packages/tool/tool";
		const { stdout } = await world.davit(["ssh", "-c", read]);
		return stdout.match(/(text|db) \d|\b\d$/gm)?.sort();
	};
	const codes = ({ events }: Awaited<ReturnType<typeof deploy>>) =>
		events.flatMap((event) =>
			event.type === "problem" && event.problem.severity === "error" ? [event.problem.code] : [],
		);
	/** All is as the last good deploy left it. */
	async function expectAsBefore(listing: ReturnType<typeof listingOf>, wanted: Wanted) {
		expect(listingOf(world.home)).toEqual(listing);
		expect(recordedListing(world.home)).toEqual(listing);
		await write(wanted);
		expect((await world.davit(["deploy", "tiny.yml"])).stderr).toContain("nothing to do");
	}

	beforeAll(async () => {
		world = openWorld(user);
		await write({ version: 1, fails: true });
		const first = await deploy();
		expect({ code: first.code, codes: codes(first) }).toEqual({
			code: 1,
			codes: ["hook-failed", "not-undone"],
		});
		await write({ version: 1 });
		const { code, stderr } = await deploy();
		expect(code, stderr).toBe(0);
	});
	afterAll(() => world.close());

	test("a deploy that fails brings back what it changed, deletes what it made, and leaves the rest alone", async () => {
		const [listing, said] = [listingOf(world.home), await texts()];
		await write({ version: 2, fails: true, more: true });
		const failed = await deploy();
		expect(failed.code).toBe(1);
		expect(codes(failed)).toEqual(["hook-failed", "undone"]);
		// Of db nothing had begun but what stops nothing.
		expect(
			failed.events.flatMap((event) => (event.type === "step-started" && event.id === "stop db/0" ? [event] : [])),
		).toEqual([]);
		expect(startedKinds(failed.events)).toContain("delete-instance");
		expect(said).toEqual(["1", "1", "db 1", "text 1"]);
		expect(await texts()).toEqual(said);
		await expectAsBefore(listing, { version: 1 });
	});

	test("a release whose folder has changed can't be brought back; it says so, and nothing more is done", async () => {
		await write({ version: 1, folder: true });
		expect((await deploy()).code).toBe(0);
		await write({ version: 3, fails: true, folder: true });
		const failed = await deploy();
		expect(codes(failed)).toEqual(["hook-failed", "not-undone"]);
		await write({ version: 1 });
		expect((await deploy()).code).toBe(0);
	});

	test("what can't be taken back is said beforehand, and once it has begun nothing is undone", async () => {
		await write({ version: 4, fails: true, undo: "never" });
		const { stdout } = await world.davit(["plan", "tiny.yml"]);
		expect(stdout).toContain("  no undo:     once this has begun: pre-start web/0, pre-start db/0\n");
		const failed = await world.davit(["deploy", "tiny.yml", "-n", "--on-failure", "undo"]);
		expect(failed.code).toBe(1);
		const errors = failed.stderr.slice(failed.stderr.indexOf("error:"));
		expect(golden(errors, world.folder)).toContain(
			"it is not undone: this had begun, and can't be taken back: Running pre-start on web/0",
		);
		await write({ version: 1 });
		expect((await deploy()).code).toBe(0);
		await write({ version: 1, dbDisk: false });
		expect((await world.davit(["plan", "tiny.yml"])).stdout).toContain(
			"  no undo:     once this has begun: orphan-disk db/0\n",
		);
	});

	test("there are two words for it", async () => {
		expect(await world.davit(["deploy", "tiny.yml", "--on-failure", "rollback"])).toEqual({
			code: 64,
			stdout: "",
			stderr: "error: --on-failure rollback: there is no such thing\n  → write stop or undo\n",
		});
	});
});
