import { chownSync, mkdirSync, mkdtempSync, readFileSync, realpathSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CloudResource, CpiSettings, Owner, VmCid } from "../../src/cpi/cpi.ts";
import { loadCpi } from "../../src/cpi/registry.ts";
import { createSsh } from "../../src/ssh/pool.ts";
import type { RunResult } from "../../src/ssh/ssh.ts";
import { type Cloud, guest } from "../contract/cpi/cloud.ts";
import { leftovers, processesOf } from "./acceptance-leftovers.ts";
import { type CpiProcess, startCpi } from "./cpi-process.ts";
import type { User } from "./ordinary-user.ts";
import { realClock } from "./real-clock.ts";

const addresses = (prefix: string, first: number, count: number) =>
	Array.from({ length: count }, (_, index) => `${prefix}${(first + index).toString()}`);

export interface LocalCloud extends Cloud {
	/** Runs a script as root in a VM that was made with `seedOf()`, whatever its exit code. */
	send(vm: CloudResource, script: string, stdin?: string | Uint8Array): Promise<RunResult>;
	pullPlug(vm: VmCid): Promise<void>;
}

/** The embedded provider of a user, in a folder whose name has spaces and Korean letters, each davit in a process of its own. */
export async function openLocalCloud(user: User, properties: CpiSettings["properties"] = {}): Promise<LocalCloud> {
	const folder = realpathSync(mkdtempSync(join(tmpdir(), "davit-contract-")));
	const home = join(folder, "home");
	mkdirSync(home, { mode: 0o755 });
	const kept = join(home, "내 클라우드 1");
	if (user.id !== undefined) for (const path of [folder, home]) chownSync(path, user.id, user.id);
	const settings: CpiSettings = { name: "local", properties: { folder: kept, ...properties }, home, env: {} };
	// This process calls no verb: it asks where the gateways are.
	const { gateway } = (await (await loadCpi("local"))(settings)).info();
	const ssh = createSsh({ clock: realClock });
	const started: CpiProcess[] = [];
	const send: LocalCloud["send"] = async ({ cid, owner, ips }, script, stdin) => {
		const target = {
			name: cid,
			host: ips?.[0] ?? "",
			port: 22,
			user: guest.user,
			privateKey: guest.login.privateKey,
			hostKeys: [guest.hostKey.publicKey],
			dialer: { type: "gateway", socket: gateway?.(owner as Owner) ?? "" } as const,
		};
		const signal = AbortSignal.timeout(60_000);
		const connection = await ssh.connect(target, { signal });
		try {
			return await connection.run(script, { signal, ...(stdin === undefined ? {} : { stdin }) });
		} finally {
			ssh.disconnect(target);
		}
	};
	return {
		connect: async () => {
			const child = await startCpi(user, "local", settings, { HOME: folder });
			started.push(child);
			return child;
		},
		image: { os: "local", version: "1", cloudProperties: {} },
		vm: {},
		disk: {},
		diskSizes: [64, 128, 256],
		networks: [
			{ free: addresses("10.201.0.", 10, 10), prefix: 24, gateway: "10.201.0.1", dns: [], cloudProperties: {} },
			{ free: addresses("10.202.0.", 10, 2), prefix: 24, gateway: "10.202.0.1", dns: [], cloudProperties: {} },
		],
		ipv6: { free: addresses("fd00:201::", 10, 2), prefix: 64, gateway: "fd00:201::1", dns: [], cloudProperties: {} },
		disksOfTwoPages: 101,
		pullPlug: async (vm: VmCid) => {
			process.kill(Number(readFileSync(join(kept, "vms", vm, "process"), "utf8").split(" ")[1]), "SIGKILL");
		},
		send,
		run: async (vm, script) => {
			const { code, stdout, stderr } = await send(vm, script);
			if (code !== 0) throw new Error(`${script} ended with ${code}: ${stderr}`);
			return stdout;
		},
		residue: async () => leftovers(folder, kept).filter((line) => !line.includes("cpi-child")),
		close: async () => {
			ssh.close();
			for (const child of started) await child.kill();
			for (const { pid } of processesOf(folder)) process.kill(pid, "SIGKILL");
			await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
		},
	};
}
