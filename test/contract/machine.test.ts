import { openSandbox } from "../unit/machine/sandbox.ts";
import { type Machine, machineContract } from "./machine-contract.ts";

/** What a machine's PID 1 does: prepares the boot, then keeps the supervisor running. */
const init = `until [ -x /var/vcap/davit/supervisor/run ]; do sleep 0.1; done
/var/vcap/davit/boot
exec /var/vcap/davit/supervisor/run`;

async function open(oneId: boolean): Promise<Machine> {
	const vm = await openSandbox({ oneId });
	vm.start(init);
	const reboot = async () => {
		await vm.reboot();
		vm.start(init);
	};
	return { run: (script, stdin = "") => vm.run(script, { stdin }), reboot, close: vm.close };
}

if (process.getuid?.() === 0) machineContract("namespaces, all ids", () => open(false));
machineContract("namespaces, one id", () => open(true));
