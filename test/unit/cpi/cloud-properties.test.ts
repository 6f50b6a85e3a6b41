import { expect, test } from "vitest";
import { z } from "zod";
import { readCloudProperties } from "../../../src/cpi/cloud-properties.ts";

const schema = z.object({ cpus: z.int().min(1).default(1), memory: z.int().min(1).default(512) });
const read = (given: Record<string, unknown>) =>
	readCloudProperties(schema, given, { iaas: "x", operation: "createVm", what: "db/0", others: ["cpu"] });

test("keys of another IaaS are let through, defaults are filled in", () => {
	expect(read({ instance_type: "m5.large", cpu: 2, ram: 1024 })).toEqual({ cpus: 1, memory: 512 });
});

test("all problems are in one error, a near miss with what was meant", () => {
	expect(() => read({ cpus: 0, memroy: 4, Memory: 1, memori: 2, memor: 3 })).toThrow(
		/^cloud_properties of db\/0: cpus: .*; memroy: did you mean "memory"\?; memori: did .*; memor: did/,
	);
});
