import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Call } from "../../src/cpi/call.ts";
import { withCheck } from "./call.ts";
import { localError } from "./errors.ts";
import { isZombie } from "./processes.ts";
import { CLEAN_ENV } from "./run.ts";

/** Locks are taken in this order, so that two calls never wait for each other. */
export type LockKind = "vm" | "disk" | "network" | "quota" | "runtime";

/**
 * Lets go when davit ($1) closes the pipe, ends, or stands still (SIGSTOP, Ctrl-Z) for 5 s: what it held must not be lost for whoever takes
 * over from it. proc(5): the state is the first field after the name in brackets.
 */
const HOLD = `echo held
still=0
while code=0; IFS= read -r -t 1 || code=$?; [ "$code" -gt 128 ]; do
  read -r line <"/proc/$1/stat" || exit 0
  case \${line##*) } in T*) still=$((still + 1)) ;; *) still=0 ;; esac
  [ "$still" -lt 5 ] || exit 1
done`;

/**
 * Runs `work` while no other davit process works on the same thing. The kernel holds the lock for a child that ends
 * when we do, so that a killed davit never leaves one. There are 64 lock files a kind, which need no clearing away.
 * The call that `work` gets ends once the lock is lost.
 */
export async function locked<Result>(
	call: Call,
	folder: string,
	[kind, name]: readonly [LockKind, string],
	work: (held: Call) => Promise<Result>,
): Promise<Result> {
	const stripe = (createHash("sha256").update(name).digest()[0] ?? 0) % 64;
	mkdirSync(join(folder, "locks"), { recursive: true, mode: 0o700 });
	call.doing(`another davit worked on ${kind} ${name}`);
	// A session of its own: the terminal's Ctrl-C is for davit, which lets go when it is done.
	const holder = spawn(
		"flock",
		[join(folder, "locks", `${kind}-${stripe}`), "bash", "-c", HOLD, "hold", `${process.pid}`],
		{
			env: CLEAN_ENV,
			stdio: ["pipe", "pipe", "ignore"],
			detached: true,
		},
	);
	const release = () => holder.stdin.destroy();
	try {
		await new Promise<void>((resolve, reject) => {
			call.signal.addEventListener("abort", () => reject(call.signal.reason), { once: true });
			holder.once("error", reject);
			holder.once("exit", (code) => reject(localError("unavailable", call.operation, `flock failed with ${code}`)));
			holder.stdout.once("data", () => resolve());
		});
		const isHeld = () => holder.exitCode === null && !isZombie(holder.pid);
		const held = withCheck(call, isHeld, lost(call, kind, name));
		// It may have slept while it waited, and lost what it held before.
		held.check();
		const result = await work(held);
		held.check();
		return result;
	} finally {
		release();
		if (holder.exitCode === null) holder.kill();
	}
}

function lost({ operation }: Call, kind: LockKind, name: string): Error {
	const message = `davit stood still for so long that another may work on ${kind} ${name} now`;
	return localError("unavailable", operation, message, { retryable: false });
}
