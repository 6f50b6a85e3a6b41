import { createHash } from "node:crypto";

/**
 * Which apps a cell runs: each app's instances go to the live cells that rank highest for it, so that a cell that comes or goes moves only
 * what it must (rendezvous hashing). An app never has two instances on one cell, and none moves to a cell that evacuates. What moves away stays,
 * in the version that runs, until it takes connections in all its places.
 */
export function appsOfCell(id, cells, apps) {
	const running = cells.find((cell) => cell.id === id)?.running ?? [];
	return apps.flatMap((app) => {
		const places = placesOf(app, cells);
		if (places.some((cell) => cell.id === id)) return [app];
		if (places.every((cell) => cell.running.some(({ blob, ready }) => blob === app.blob && ready))) return [];
		return running.filter(({ name }) => name === app.name).map(({ blob }) => ({ ...app, blob }));
	});
}

function placesOf({ name, instances }, cells) {
	const open = cells.filter(({ evacuating }) => !evacuating);
	return open.sort((a, b) => (rank(name, a.id) < rank(name, b.id) ? 1 : -1)).slice(0, instances);
}

function rank(app, cell) {
	return createHash("sha256").update(`${app}\n${cell}`).digest("hex");
}

/** Host name → addresses, from what the cells say they run. */
export function routesOf(cells, domain) {
	const routes = {};
	for (const { address, running } of cells) {
		for (const { name, port } of running.filter(({ ready }) => ready)) {
			const host = `${name}.${domain}`;
			routes[host] = [...(routes[host] ?? []), `${address}:${port}`];
		}
	}
	return routes;
}
