import type { SimulatedMachine } from "./machine.ts";
import { text } from "./script-text.ts";
import type { Call, Outcome } from "./scripts.ts";

/** What VMs do to get packages from each other. */

const done: Outcome = {};
const refused = (stderr: string): Outcome => ({ code: 1, stderr: `${stderr}\n` });

/** Where a script that brings a package leaves its archive for other VMs. */
export function keptAs(script: string): string | undefined {
	return /^mv -fT "\$archive" (\S+)$/m.exec(script)?.[1];
}

export function servePackage(machine: SimulatedMachine, { script }: Call): Outcome {
	const [, archive = ""] = /^if \[ ! -f (\S+) \]/m.exec(script) ?? [];
	if (!machine.archives.has(archive) && !machine.bits.has(text(script, "target")))
		return refused("it isn't on this VM");
	machine.archives.add(archive);
	machine.peerKey = text(script, "public_key");
	return done;
}

/** What a peer sends is right, comes late, or does not come. */
export async function fetchFromPeer(machine: SimulatedMachine, { script }: Call): Promise<Outcome> {
	const { cloud, bootId } = machine;
	const peer = cloud.machineAt(text(script, "host"))?.machine;
	const archive = keptAs(script) ?? "";
	if (!peer?.answers) return { code: 68, stderr: "ssh: connect to host: Connection timed out\n" };
	if (!peer.peerKey || !script.includes(peer.hostKey.split(" ")[1] ?? "")) return refused("Permission denied");
	await cloud.time.sleep(machine.chance.number(100, 20_000));
	if (machine.bootId !== bootId || !machine.isOn) return refused("it was cut short");
	if (!peer.answers || !peer.archives.has(archive)) return refused("what came has another digest");
	machine.bits.add(text(script, "target"));
	machine.archives.add(archive);
	return done;
}

export function endServing(machine: SimulatedMachine): Outcome {
	machine.archives.clear();
	machine.peerKey = undefined;
	return done;
}
