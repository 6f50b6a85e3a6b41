import { createHash } from "node:crypto";
import type { Random } from "../../src/clock.ts";
import { seeded } from "../crash/random.ts";

/** Everything that is left to chance, from one seed. */
export class Chance {
	readonly #seed: number;
	readonly #next: () => number;
	readonly #parts = new Map<string, Chance>();

	constructor(seed: number) {
		this.#seed = seed;
		this.#next = seeded(seed);
	}

	/** The chance of one actor: what it meets does not depend on how often others were at it before, so that a seed gives the same again. */
	of(name: string): Chance {
		const there = this.#parts.get(name);
		if (there) return there;
		const part = new Chance(createHash("sha256").update(`${this.#seed} ${name}`).digest().readUInt32LE());
		this.#parts.set(name, part);
		return part;
	}

	/** From 0 up to 1. */
	fraction(): number {
		return this.#next();
	}

	/** True in `share` of all cases. */
	happens(share: number): boolean {
		return this.#next() < share;
	}

	/** A whole number from `least` up to and with `most`. */
	number(least: number, most: number): number {
		return least + Math.floor(this.#next() * (most - least + 1));
	}

	one<T>(list: readonly T[]): T {
		if (list.length === 0) throw new Error("nothing to choose from");
		return list[this.number(0, list.length - 1)] as T;
	}

	random(): Random {
		const bytes = (length: number) => Uint8Array.from({ length }, () => this.number(0, 255));
		return {
			bytes,
			uuid: () => {
				const hex = Buffer.from(bytes(16)).toString("hex");
				return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
			},
		};
	}
}
