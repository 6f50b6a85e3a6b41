/** Where davit was killed: as a step of a kind began, as it had ended, or at any moment. */
export type Side = "begin" | "end" | "moment";

/** Counts kills by kind of step and side, and rounds by case. */
export class Tally {
	readonly rounds = new Map<string, number>();
	readonly #kills = new Map<string, number>();

	kill(kind: string, side: Side): void {
		const key = `${kind} ${side}`;
		this.#kills.set(key, this.kills(kind, side) + 1);
	}

	kills(kind: string, side: Side): number {
		return this.#kills.get(`${kind} ${side}`) ?? 0;
	}

	round(name: string): void {
		this.rounds.set(name, (this.rounds.get(name) ?? 0) + 1);
	}

	/** Kinds that davit was killed in, by name. */
	kinds(): readonly string[] {
		return [...new Set([...this.#kills.keys()].map((key) => key.split(" ")[0] ?? ""))].sort();
	}

	get total(): number {
		return [...this.#kills.values()].reduce((sum, count) => sum + count, 0);
	}
}
