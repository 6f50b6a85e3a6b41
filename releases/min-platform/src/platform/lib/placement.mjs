import { createHash } from "node:crypto";

/**
 * Which apps a cell runs: each app's instances go to the live cells that rank highest for it, so that a cell that comes or goes moves only
 * what it must (rendezvous hashing). An app never has two instances on one cell.
 */
export function appsOfCell(cell, cells, apps) {
	return apps.filter(({ name, instances }) => {
		const ranked = [...cells].sort((a, b) => (rank(name, a) < rank(name, b) ? 1 : -1));
		return ranked.slice(0, instances).includes(cell);
	});
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
