/** A dead backend gets no request for this long. */
const SHED_MS = 5000;

/** The routing table: takes turns among a host's backends, and sheds those that refuse. */
export class Routes {
	#hosts = new Map();
	#shed = new Map();
	#turns = new Map();

	constructor(now) {
		this.now = now;
	}

	replace(table) {
		this.#hosts = new Map(Object.entries(table));
	}

	/** Backends to try for a host, in order: those in good standing first, in turn; undefined if the host is unknown. */
	backends(host) {
		const all = this.#hosts.get(host);
		if (!all) return undefined;
		const turn = (this.#turns.get(host) ?? 0) + 1;
		this.#turns.set(host, turn);
		const turned = all.map((_, index) => all[(index + turn) % all.length]);
		const isShed = (backend) => (this.#shed.get(backend) ?? 0) > this.now();
		return [...turned.filter((backend) => !isShed(backend)), ...turned.filter(isShed)];
	}

	shed(backend) {
		this.#shed.set(backend, this.now() + SHED_MS);
	}

	get size() {
		return this.#hosts.size;
	}
}
