import { afterAll, beforeAll, expect, test } from "vitest";
import { openWorld, type World } from "../support/acceptance.ts";
import { users } from "../support/ordinary-user.ts";

let world: World;
beforeAll(() => {
	world = openWorld(users[0] as (typeof users)[number]);
	world.write(
		"manifest.yml",
		`name: shop
common: &common
  azs: [z1, z2]
instance_groups:
- <<: *common
  name: database
  instances: 1
  env: {note: "((motto)), ((motto))"}
- {name: old, instances: 1}
variables:
- {name: admin_password, type: password}
`,
	);
	world.write(
		"ops/scale.yml",
		`- {type: remove, path: /instance_groups/name=old}
- {type: replace, path: "/instance_groups/0:before", value: {name: web, instances: 3}}
- type: replace
  path: /instance_groups/name=database/instances
  value: ((database_instances))
- {type: replace, path: "/instance_groups/name=database/jobs?/-", value: {name: pg, properties: {password: ((admin_password))}}}
`,
	);
	world.write("vars.yml", "# sizes\ndatabase_instances: 2\n");
});
afterAll(() => world.close());

const given = ["-o", "ops/scale.yml", "-l", "vars.yml", "-v", "motto=all fine"];

test("--why tells people how each value came to be, and what took away what is not there", async () => {
	const paths = [
		"/instance_groups/name=database/instances",
		"/instance_groups/name=database",
		"/instance_groups/1/azs/0",
	];
	const gone = ["/instance_groups/name=old/instances", "/instance_groups/name=web/azs"];
	let told = "";
	for (const path of [...paths, ...gone]) {
		const { code, stdout, stderr } = await world.davit(["int", "manifest.yml", ...given, "--why", path]);
		expect(code).toBe(gone.includes(path) ? 1 : 0);
		told += `$ davit int --why ${path}\n${stdout}${stderr}\n`;
	}
	await expect(told).toMatchFileSnapshot("golden/int-why.golden");
});

test("--why --json tells the same facts to programs", async () => {
	const why = (path: string) => world.davit(["int", "manifest.yml", ...given, "--why", path, "--json"]);
	const { code, stdout, stderr } = await why("/instance_groups/name=database/instances");
	expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
	const { type, name, rows } = JSON.parse(stdout);
	expect({ type, name }).toEqual({ type: "table", name: "why" });
	expect(rows).toMatchObject([
		{ kind: "value", value: 2 },
		{ kind: "written", value: 1, file: "manifest.yml", line: 7, column: 14 },
		{
			kind: "operation",
			operation: { index: 2, type: "replace", path: "/instance_groups/name=database/instances" },
			value: "((database_instances))",
			...{ file: "ops/scale.yml", line: 5, column: 10 },
		},
		{ kind: "variable", variable: "database_instances", value: 2, file: "vars.yml", line: 2, column: 21 },
	]);
	const gone = await why("/instance_groups/name=old/instances");
	expect(gone.code).toBe(1);
	expect(JSON.parse(gone.stdout)).toMatchObject({
		type: "problem",
		problem: { code: "path", place: { file: "ops/scale.yml", line: 1 } },
	});
});
