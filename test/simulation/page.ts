interface PageInput {
	readonly seed: number;
	readonly lives: number;
	/** Changes in each life. */
	readonly rounds: number;
	/** By `FAULT STEP`. */
	readonly hits: ReadonlyMap<string, number>;
	readonly failures: readonly string[];
	readonly commit: string;
}

/** What a run has done, as a page. */
export function page({ seed, lives, rounds, hits, failures, commit }: PageInput): string {
	const pairs = [...hits].map(([key, count]) => {
		const [fault = "", ...where] = key.split(" ");
		return { fault, where: where.join(" "), count };
	});
	const faults = [...new Set(pairs.map(({ fault }) => fault))].sort();
	const places = [...new Set(pairs.map(({ where }) => where))].sort();
	const sum = (list: readonly { readonly count: number }[]) => list.reduce((total, { count }) => total + count, 0);
	const row = (place: string) => {
		const cells = faults.map((fault) => sum(pairs.filter((pair) => pair.fault === fault && pair.where === place)));
		return `| ${[place, ...cells].join(" | ")} |`;
	};
	return `# Faults on the simulated cloud

Written by \`npm run test:simulation -- --seed ${seed} --write\`, on ${new Date().toISOString().slice(0, 10)} at commit ${commit}: davit's own commands, on
a cloud and VMs in memory and on time that passes only when everybody waits for it. Cloud, connections, VMs and davit itself fail by seed; each
command is given again until it has come to its end. After each change the cloud's VMs and disks were those recorded, the journal had nothing open, the
next deploy had nothing to do, hooks had run in BOSH's order, the data on the persistent disk was there, and no disk had been taken from under
a VM that had it mounted. Canaries went first, what a killed davit had made was taken over, and nobody was let in beside one that held the lease.

${lives} lives of ${rounds} changes each (${lives * rounds} runs), ${sum(pairs)} faults, ${failures.length} failed.

How often each fault hit each kind of step, or write of the state store:

| step | ${faults.join(" | ")} |
| --- | ${faults.map(() => "--:").join(" | ")} |
${places.map(row).join("\n")}
${failures.map((failure) => `\n    ${failure.replaceAll("\n", "\n    ")}\n`).join("")}`;
}
