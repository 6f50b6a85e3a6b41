import fc from "fast-check";
import { expect, test } from "vitest";

const { appsOfCell, routesOf } = (await import(
	"../../../releases/min-platform/src/platform/lib/placement.mjs" as string
)) as {
	appsOfCell(
		cell: string,
		cells: readonly string[],
		apps: readonly { name: string; instances: number }[],
	): { name: string }[];
	routesOf(
		cells: readonly { address: string; running: readonly { name: string; port: number; ready: boolean }[] }[],
		domain: string,
	): Record<string, string[]>;
};
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

test("each app runs on as many cells as it has instances, at most all", () => {
	fc.assert(
		fc.property(cellNames, fc.integer({ min: 0, max: 10 }), (cells, instances) => {
			const app = { name: "hello", instances };
			const on = cells.filter((cell) => appsOfCell(cell, cells, [app]).length > 0);
			expect(on).toHaveLength(Math.min(instances, cells.length));
		}),
	);
});

test("when a cell leaves, only its apps move", () => {
	fc.assert(
		fc.property(cellNames, fc.nat(), (cells, pick) => {
			const gone = cells[pick % cells.length] as string;
			const left = cells.filter((cell) => cell !== gone);
			const apps = Array.from({ length: 20 }, (_, index) => ({ name: `app-${index}`, instances: 1 }));
			for (const cell of left) {
				const before = appsOfCell(cell, cells, apps).map(({ name }) => name);
				const after = appsOfCell(cell, left, apps).map(({ name }) => name);
				expect(after).toEqual(expect.arrayContaining(before));
			}
		}),
	);
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
