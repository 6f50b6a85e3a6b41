import fc from "fast-check";
import { describe, expect, test } from "vitest";

const { appsOfCell, routesOf } = (await import(
	"../../../releases/min-platform/src/platform/lib/placement.mjs" as string
)) as {
	appsOfCell(id: string, cells: readonly Cell[], apps: readonly App[]): App[];
	routesOf(
		cells: readonly { address: string; running: readonly { name: string; port: number; ready: boolean }[] }[],
		domain: string,
	): Record<string, string[]>;
};

interface App {
	readonly name: string;
	readonly blob: string;
	readonly instances: number;
}
interface Cell {
	readonly id: string;
	readonly evacuating: boolean;
	readonly running: readonly { readonly name: string; readonly blob: string; readonly ready: boolean }[];
}
const cell = (id: string, running: Cell["running"] = [], evacuating = false): Cell => ({ id, evacuating, running });
const runs = (blob: string, ready = true) => [{ name: "hello", blob, ready }];
const { Routes } = (await import("../../../releases/min-platform/src/platform/lib/routes.mjs" as string)) as {
	Routes: new (
		now: () => number,
	) => {
		replace(table: Record<string, string[]>): void;
		backends(host: string): string[] | undefined;
		shed(backend: string): void;
	};
};

const cellNames = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 1, maxLength: 8 });

test("each app runs on as many cells as it has instances, at most all that don't evacuate", () => {
	fc.assert(
		fc.property(cellNames, fc.nat(8), fc.integer({ min: 0, max: 10 }), (names, evacuating, instances) => {
			const app = { name: "hello", blob: "1", instances };
			const cells = names.map((id, index) => cell(id, [], index < evacuating));
			const on = cells.filter(({ id }) => appsOfCell(id, cells, [app]).length > 0);
			expect(on).toHaveLength(Math.min(instances, Math.max(names.length - evacuating, 0)));
			expect(on.filter((each) => each.evacuating)).toEqual([]);
		}),
	);
});

test("when a cell leaves, only its apps move", () => {
	fc.assert(
		fc.property(cellNames, fc.nat(), (names, pick) => {
			const gone = names[pick % names.length] as string;
			const cells = names.map((id) => cell(id));
			const left = cells.filter(({ id }) => id !== gone);
			const apps = Array.from({ length: 20 }, (_, index) => ({ name: `app-${index}`, blob: `${index}`, instances: 1 }));
			for (const { id } of left)
				expect(appsOfCell(id, left, apps)).toEqual(expect.arrayContaining(appsOfCell(id, cells, apps)));
		}),
	);
});

describe("an app that moves stays until it takes connections in its new place", () => {
	const app = { name: "hello", blob: "1", instances: 1 };
	const old = cell("old", runs("1"), true);

	test.each([
		["nothing there yet", [old, cell("new")], [app]],
		["it doesn't take connections there", [old, cell("new", runs("1", false))], [app]],
		["another version does", [old, cell("new", runs("0"))], [app]],
		["it does", [old, cell("new", runs("1"))], []],
		["no other cell", [old], []],
		["every other evacuates as well", [old, cell("new", [], true)], []],
	])("%s", (_, cells, stays) => {
		expect(appsOfCell("old", cells, [app])).toEqual(stays);
	});

	test("in the version that runs", () => {
		const cells = [cell("old", runs("0"), true), cell("new", runs("1", false))];
		expect(appsOfCell("old", cells, [app])).toEqual([{ ...app, blob: "0" }]);
	});

	test("unless it was deleted", () => {
		expect(appsOfCell("old", [old, cell("new")], [])).toEqual([]);
	});
});

test("only apps that take connections are routed to", () => {
	const cells = [
		{
			address: "10.0.0.1",
			running: [
				{ name: "a", port: 61000, ready: true },
				{ name: "b", port: 61001, ready: false },
			],
		},
		{ address: "10.0.0.2", running: [{ name: "a", port: 61000, ready: true }] },
	];
	expect(routesOf(cells, "min.test")).toEqual({ "a.min.test": ["10.0.0.1:61000", "10.0.0.2:61000"] });
});

test("backends take turns; one that refused comes last until its time is over", () => {
	let now = 0;
	const routes = new Routes(() => now);
	routes.replace({ h: ["a", "b"] });
	expect(new Set([routes.backends("h")?.[0], routes.backends("h")?.[0]])).toEqual(new Set(["a", "b"]));
	routes.shed("a");
	expect([routes.backends("h"), routes.backends("h")]).toEqual([
		["b", "a"],
		["b", "a"],
	]);
	now = 5000;
	expect(new Set([routes.backends("h")?.[0], routes.backends("h")?.[0]])).toEqual(new Set(["a", "b"]));
	expect(routes.backends("unknown")).toBeUndefined();
});
