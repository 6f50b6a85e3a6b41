import type { CloudResource } from "../../src/cpi/cpi.ts";
import { openLocalCloud } from "../support/local-cloud.ts";
import { type User, users } from "../support/ordinary-user.ts";
import { openBench, patient } from "./cpi/cloud.ts";
import { type Machine, machineContract } from "./machine-contract.ts";

/** A VM of the embedded provider, entered through its gateway and its SSH server. */
async function open(user: User): Promise<Machine> {
	const cloud = await openLocalCloud(user);
	const bench = await openBench(cloud);
	const { cid } = await bench.cpi.createVm(bench.vm(), patient);
	const [vm] = (await bench.list(bench.owner, "vm")) as [CloudResource];
	return {
		run: (script, stdin) => cloud.send(vm, script, stdin),
		reboot: async () => {
			await cloud.pullPlug(cid);
			await bench.cpi.rebootVm(cid, patient);
		},
		close: async () => {
			await bench.clear(bench.owner);
			await cloud.close();
		},
	};
}

for (const user of users) machineContract(`the embedded provider, as ${user.name}`, () => open(user));
