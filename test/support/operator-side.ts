import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { type Sshd, startSshd } from "./sshd.ts";

/** A network namespace from which only a jump host is seen: where operators sit when VMs are in a private network. */
export interface OperatorSide {
	/** Goes before a command to run it there. */
	readonly argv: readonly string[];
	/** A real sshd with its default limits, on both networks. */
	readonly jump: Sshd;
	/** The jump host's address on the operator's side. */
	readonly address: string;
	close(): Promise<void>;
}

/** Makes it beside the network namespace of the process that the VMs' network is in. Needs root. */
export async function openOperatorSide(pid: number): Promise<OperatorSide> {
	const link = randomBytes(3).toString("hex");
	const name = `operator-${link}`;
	const vms = `vms-${link}`;
	const ip = (...words: readonly string[]) => execFileSync("ip", words, { stdio: ["ignore", "ignore", "inherit"] });
	const address = "10.76.0.2";
	const close = () => {
		for (const namespace of [name, vms]) ip("netns", "delete", namespace);
	};
	ip("netns", "add", name);
	ip("netns", "attach", vms, String(pid));
	try {
		ip("link", "add", `o${link}`, "netns", name, "type", "veth", "peer", "name", `j${link}`, "netns", vms);
		ip("-n", name, "address", "add", "10.76.0.1/30", "dev", `o${link}`);
		ip("-n", vms, "address", "add", `${address}/30`, "dev", `j${link}`);
		for (const [side, device] of [
			[name, "lo"],
			[name, `o${link}`],
			[vms, `j${link}`],
		] as const)
			ip("-n", side, "link", "set", device, "up");
		const jump = await startSshd({ network: { namespace: vms, address } });
		return {
			argv: ["ip", "netns", "exec", name],
			jump,
			address,
			close: async () => {
				await jump.close();
				close();
			},
		};
	} catch (error) {
		close();
		throw error;
	}
}
