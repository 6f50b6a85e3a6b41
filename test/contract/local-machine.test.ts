import type { CloudResource } from "../../src/cpi/cpi.ts";
import { openLocalCloud } from "../support/local-cloud.ts";
import { type User, users, usersByIds } from "../support/ordinary-user.ts";
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

/** Ordinary users with and without a range of ids where they can be made, else whoever there is. */
const all = usersByIds.length > 0 ? [...users.slice(0, 1), ...usersByIds] : users;
for (const user of all) machineContract(`the embedded provider, as ${user.name}`, () => open(user));
