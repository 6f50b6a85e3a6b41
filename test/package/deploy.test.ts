import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { openWorld, type World } from "../support/acceptance.ts";
import { users } from "../support/ordinary-user.ts";
import { notingHooks, tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const installed = inject("installed");
const ordinary = users.at(-1) ?? { name: "nobody", argv: [] };

/** An ordinary user on whose PATH this Node comes first. */
const usersOfNodes = inject("nodes").map(({ version, folder }) => ({
	...ordinary,
	name: `Node ${version}`,
	version,
	argv: [...ordinary.argv, "env", `PATH=${folder}:${process.env.PATH}`],
}));

describe.each(usersOfNodes)("the installed package on $name", (user) => {
	let world: World;

	beforeAll(() => {
		world = openWorld(user);
		writeTinyRelease(world, "release", {
			jobs: {
				app: {
					properties: { greeting: {} },
					templates: { "config/greeting": "<%= p('greeting') %>\n" },
					hooks: notingHooks(["pre-start", "post-start"]),
					packages: ["words"],
				},
			},
			packages: { words: 'echo "compiled" >"$BOSH_INSTALL_TARGET/words"' },
		});
		const job = { name: "app", release: "tiny", properties: { greeting: "((greeting))" } };
		const variables = [{ name: "greeting", type: "password" }];
		world.write("tiny.yml", tinyManifest([tinyGroup("web", [job])], { variables }));
	});
	afterAll(() => world.close());

	/** Standard output of a command that must go well, and say nothing that isn't davit's. */
	async function output(args: readonly string[]): Promise<string> {
		const { code, stdout, stderr } = await world.davit(args);
		expect(code, stderr).toBe(0);
		expect(stderr).not.toMatch(/\(node:|Warning/);
		return stdout;
	}

	test("it says its version and its commands", async () => {
		const { version } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
		expect(await output(["--version"])).toBe(`${version}\n`);
		expect(await output(["--help"])).toMatch(/^ {2}deploy .* manifest/m);
	});

	test("it interpolates", async () => {
		expect(await output(["int", "tiny.yml", "-v", "greeting=hello", "--path", "/instance_groups/0/jobs/0"])).toBe(
			"name: app\nrelease: tiny\nproperties:\n  greeting: hello\n",
		);
	});

	test("it deploys, does nothing twice, shows, reaches and deletes", async () => {
		await output(["deploy", "tiny.yml"]);
		const again = await world.davit(["deploy", "tiny.yml"]);
		expect(again.stderr).toBe("tiny: nothing to do, all is as the manifest says\n");
		expect(JSON.parse(await output(["vms", "--json"]))).toMatchObject({
			rows: [{ instance: "web/0", state: "running" }],
		});
		const secret = await output(["variables", "--show", "greeting"]);
		const files = "/var/vcap/jobs/app/config/greeting /var/vcap/packages/words/words";
		expect(await output(["ssh", "web/0", "-c", `cat ${files}`])).toContain(`${secret}compiled\n`);
		expect(await output(["ssh", "web/0", "-c", "/opt/davit/node --version"])).toContain(`v${user.version}`);
		await output(["delete-deployment", "-n"]);
	});
});

describe("the release in the package", () => {
	let world: World;

	beforeAll(() => {
		world = openWorld(ordinary);
		world.write("blobstore.yml", manifestOfBlobstore());
	});
	afterAll(() => world.close());

	test("is made, compiled and run by a user who can't write to the package", async () => {
		const { code, stderr } = await world.davit(["deploy", "blobstore.yml"], { env: network });
		expect(code, stderr).toBe(0);
		const { stdout } = await world.davit(["instances", "--ps", "--json"]);
		expect(stdout).toContain('"blobstore"');
	});
});

/** How npm, which fetches the blobs, reaches its registry from here. */
const network = Object.fromEntries(
	["NODE_EXTRA_CA_CERTS", "HTTPS_PROXY", "NO_PROXY", "npm_config_registry"].flatMap((name) => {
		const value = process.env[name];
		return value === undefined ? [] : [[name, value]];
	}),
);

/** One job of the platform; its packages have a large blob and files of the release. */
function manifestOfBlobstore(): string {
	const jobs = [{ name: "blobstore", release: "min-platform", properties: { tls: "((tls))" } }];
	return tinyManifest([tinyGroup("blobstore", jobs)], {
		releases: [{ name: "min-platform", version: "create", url: join(installed, "releases/min-platform") }],
		variables: [
			{ name: "ca", type: "certificate", options: { is_ca: true, common_name: "ca" } },
			{ name: "tls", type: "certificate", options: { ca: "ca", common_name: "blobstore" } },
		],
	});
}
