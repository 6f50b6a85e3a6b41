import { chmodSync, copyFileSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import type { Call } from "../../src/cpi/call.ts";
import { CpiError } from "../../src/cpi/errors.ts";
import { chooseIds, findCommand, idFacts } from "./ids.ts";
import type { Machine } from "./machine.ts";
import { isRestrictedByAppArmor, usesHelper } from "./machine.ts";
import { runInNamespaces } from "./run-with-ids.ts";
import { type SupportFacts, unsupported } from "./unsupported.ts";

const TOOLS: readonly (readonly [string, string])[] = [
	["bash", "bash"],
	["ip", "iproute2"],
	["hostname", "hostname"],
	...["unshare", "nsenter", "mount", "umount", "mountpoint", "pivot_root", "flock", "setpriv", "script"].map(
		(tool) => [tool, "util-linux"] as const,
	),
];

/** What a network and a VM need of the kernel, in small. "$1" is unshare. */
const PROBE = `set -e
ip link add davit0 type bridge
mount -t tmpfs davit-probe /tmp
"$1" --user --net --mount --pid --fork true`;

function sysctl(name: string): string | undefined {
	try {
		return readFileSync(`/proc/sys/${name}`, "utf8").trim();
	} catch {
		return undefined;
	}
}

/** davit's own copy of unshare: an AppArmor profile can allow that one what others may not. */
function copyHelper(path: string): void {
	const source = findCommand("unshare");
	if (source === undefined) return;
	mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
	copyFileSync(source, `${path}.new`);
	chmodSync(`${path}.new`, 0o755);
	renameSync(`${path}.new`, path);
}

/** Makes namespaces as a network and a VM do, and tells what failed. */
async function probe(call: Call, machine: Machine): Promise<string | undefined> {
	if (usesHelper(machine)) copyHelper(machine.unshare);
	call.doing("it was tried whether this machine allows namespaces");
	const maps = chooseIds(idFacts(), machine.ids);
	try {
		const argv = ["bash", "-c", PROBE, "probe", machine.unshare];
		const { code, output } = await runInNamespaces(call, machine, { maps, flags: ["--net", "--mount"], argv });
		return code === 0 ? undefined : output || `ended with ${code}`;
	} catch (error) {
		call.signal.throwIfAborted();
		if (error instanceof CpiError && error.retryable) throw error;
		return error instanceof Error ? error.message : String(error);
	}
}

/** Rejects with an `unsupported` error that says what to do, before anything is made, where VMs can't run. */
export async function requireSupport(call: Call, machine: Machine): Promise<void> {
	const missing = TOOLS.filter(([tool]) => findCommand(tool) === undefined);
	const facts: Omit<SupportFacts, "failure"> = {
		platform: process.platform,
		root: process.getuid?.() === 0,
		missing,
		helper: machine.unshare,
		appArmor: isRestrictedByAppArmor(),
		cloneAllowed: sysctl("kernel/unprivileged_userns_clone") !== "0",
		maximum: Number(sysctl("user/max_user_namespaces") ?? "1"),
	};
	const possible = facts.platform === "linux" && missing.length === 0;
	const failure = possible ? await probe(call, machine) : undefined;
	const error = unsupported({ ...facts, failure }, call.operation);
	if (error) throw error;
}
