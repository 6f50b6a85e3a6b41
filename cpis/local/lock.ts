import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Call } from "./call.ts";
import { localError } from "./errors.ts";
import { CLEAN_ENV } from "./run.ts";

/** Locks are taken in this order, so that two calls never wait for each other. */
export type LockKind = "vm" | "disk" | "network" | "runtime";

/**
 * Runs `work` while no other davit process works on the same thing. The kernel holds the lock for a child that ends
 * when we do, so that a killed davit never leaves one. There are 64 lock files a kind, which need no clearing away.
 */
export async function locked<Result>(
	call: Call,
	folder: string,
	[kind, name]: readonly [LockKind, string],
	work: () => Promise<Result>,
): Promise<Result> {
	const stripe = (createHash("sha256").update(name).digest()[0] ?? 0) % 64;
	mkdirSync(join(folder, "locks"), { recursive: true, mode: 0o700 });
	call.doing(`another davit worked on ${kind} ${name}`);
	const holder = spawn("flock", [join(folder, "locks", `${kind}-${stripe}`), "sh", "-c", "echo held; cat"], {
		env: CLEAN_ENV,
		stdio: ["pipe", "pipe", "ignore"],
	});
	const release = () => holder.stdin.destroy();
	try {
		await new Promise<void>((resolve, reject) => {
			call.signal.addEventListener("abort", () => reject(call.signal.reason), { once: true });
			holder.once("error", reject);
			holder.once("exit", (code) => reject(localError("unavailable", call.operation, `flock failed with ${code}`)));
			holder.stdout.once("data", () => resolve());
		});
		call.signal.throwIfAborted();
		return await work();
	} finally {
		release();
		if (holder.exitCode === null) holder.kill();
	}
}
