import type { VirtualTime } from "./virtual-time.ts";

/** `cut`: the network between davit and VMs. `hidden`: the cloud's lists lie about VMs. `silent`: the cloud answers nothing. */
type What = "cut" | "hidden" | "silent";

/** What is out of order for some time, though no VM is ill. */
export class Outages {
	readonly #time: VirtualTime;
	#all: readonly { readonly what: What; readonly until: number; readonly names: ReadonlySet<string> | undefined }[] =
		[];

	constructor(time: VirtualTime) {
		this.#time = time;
	}

	/** From now on for so many ms. `names`: of instances; absent: of all. */
	begin(what: What, ms: number, names?: readonly string[]): void {
		this.#all = [...this.#all, { what, until: this.#time.now + ms, names: names && new Set(names) }];
	}

	is(what: What, name = ""): boolean {
		return this.#all.some(
			(each) => each.what === what && each.until > this.#time.now && each.names?.has(name) !== false,
		);
	}
}
