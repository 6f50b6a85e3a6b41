import { expect, test } from "vitest";
import { jsonSchema, schemas } from "../../src/manifest/json-schema.ts";
import { withWorld } from "../support/acceptance.ts";

test("schema prints one JSON Schema and nothing else, for a deployment manifest if none is named; an unknown name is wrong usage", () =>
	withWorld({ name: "whoever runs the tests", argv: [] }, async (world) => {
		for (const name of Object.keys(schemas) as (keyof typeof schemas)[]) {
			const { code, stdout, stderr } = await world.davit(["schema", name]);
			expect([code, stderr]).toEqual([0, ""]);
			expect(JSON.parse(stdout)).toEqual(jsonSchema(name));
		}
		const [named, unnamed] = [await world.davit(["schema", "deployment"]), await world.davit(["schema"])];
		expect(unnamed.stdout).toBe(named.stdout);
		const { events } = await world.told(["schema", "cloud"]);
		expect(events).toEqual([{ type: "output", text: (await world.davit(["schema", "cloud"])).stdout }]);
		const refused = await world.davit(["schema", "clod"]);
		expect([refused.code, refused.stdout]).toEqual([64, ""]);
		expect(refused.stderr).toContain('there is no schema "clod"');
		expect(refused.stderr).toContain('"deployment", "cloud", "runtime"');
	}));
