import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type World, withWorld } from "../support/acceptance.ts";
import { vmRoot } from "../support/acceptance-state.ts";
import { expectFailure } from "../support/bad-input.ts";
import { users } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const LINK = { name: "conn", type: "db" };
const GIVEN = "given by the operator";

/** A job that offers a link, and one that writes down what it got by it. */
function writeRelease(world: World): void {
	const provider = {
		provides: [{ ...LINK, properties: ["port", "password", "given"] }],
		properties: { port: { default: 5432 }, password: {}, given: {}, exit: { default: 0 } },
		// A hook of `writeTinyRelease` is a template as well.
		hooks: { "pre-start": "exit <%= p('exit') %>" },
	};
	const got =
		"<%= l = link('conn'); [l.address, l.instances.map(&:address), l.p('port'), l.p('password'), l.p('given')].to_json %>\n";
	writeTinyRelease(world, "release", {
		jobs: { db: provider, app: { consumes: [LINK], templates: { "config/got": got } } },
	});
}

function manifests(world: World, { shared = true, ...properties }: Readonly<Record<string, unknown>> = {}): void {
	const own = { password: "((password))", given: "((given))", ...properties };
	const db = { name: "db", release: "tiny", provides: { conn: { as: "main", shared } }, properties: own };
	const app = { name: "app", release: "tiny", consumes: { conn: { from: "main", deployment: "infra" } } };
	const variables = [{ name: "password", type: "password" }];
	world.write("infra.yml", tinyManifest([tinyGroup("db", [db])], { name: "infra", variables }));
	world.write("app.yml", tinyManifest([tinyGroup("web", [app])], { name: "app" }));
}

const INFRA = ["deploy", "-n", "infra.yml", "-v", `given=${GIVEN}`];
const APP = ["deploy", "-n", "app.yml"];

/** What is on the VM of the deployment app. */
const onWeb = async (world: World, file: string) =>
	(await world.davit(["ssh", "web/0", "-d", "app", "-c", `sudo cat ${file}`])).stdout;

describe.each(users.slice(0, 1))("a link of another deployment, as $name", (user) => {
	test("is as that deployment's last finished deploy left it, and nothing of it lies in the state in clear", () =>
		withWorld(user, async (world) => {
			writeRelease(world);
			manifests(world);
			await expectFailure(world, APP, "link-no-deployment");
			manifests(world, { exit: 1 });
			expect((await world.davit(INFRA)).code).toBe(1);
			await expectFailure(world, APP, "link-unfinished-deployment");
			manifests(world, { shared: false });
			expect((await world.davit(INFRA)).code).toBe(0);
			await expectFailure(world, APP, "link-not-shared");

			manifests(world);
			expect((await world.davit(INFRA)).code).toBe(0);
			const deployed = await world.davit(APP);
			expect(deployed.code, deployed.stderr).toBe(0);
			const [address, addresses, port, password, given] = JSON.parse(
				await onWeb(world, "/var/vcap/jobs/app/config/got"),
			);
			expect({ address, port, given }).toEqual({ address: "q-s0.db.default.infra.bosh", port: 5432, given: GIVEN });
			expect(password).toMatch(/^[a-z0-9]{20}$/);
			const hosts = readFileSync(join(vmRoot(world.home, "web/0"), "etc/hosts"), "utf8");
			const line = hosts.split("\n").find((each) => each.split(" ").includes(address)) ?? "";
			expect(line).toMatch(/ [-0-9a-f]{36}\.db\.default\.infra\.bosh /);
			expect(line.split(" ").slice(0, 1)).toEqual(addresses);
			const state = ["state.db", "state.db-wal"].map((name) => join(world.home, name)).filter(existsSync);
			for (const secret of [GIVEN, password])
				for (const file of state) expect(readFileSync(file).includes(secret), file).toBe(false);

			manifests(world, { port: 1, exit: 1 });
			expect((await world.davit(INFRA)).code).toBe(1);
			expect(await world.davit(APP)).toMatchObject({ code: 0, stderr: expect.stringContaining("nothing to do") });
			manifests(world, { port: 1 });
			expect((await world.davit(INFRA)).code).toBe(0);
			expect(await world.davit(APP)).toMatchObject({ code: 0, stderr: expect.stringContaining("web/0") });
			expect(await onWeb(world, "/var/vcap/jobs/app/config/got")).toContain(",1,");
		}));
});
