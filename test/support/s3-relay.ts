import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

export type RelayMode = "pass" | "forbid" | "truncate" | "corrupt" | "stall";

export interface Relay {
	/** For connections from now on. */
	set(mode: RelayMode): void;
	close(): void;
}

/** A way to `socket` that can be told to spoil what it carries; `enter` comes before its command, to start it in another namespace. */
export async function startRelay(
	{ host, port, socket, folder }: Readonly<Record<"host" | "socket" | "folder", string>> & { readonly port: number },
	enter: readonly string[] = [],
): Promise<Relay> {
	const file = join(folder, "relay-mode");
	const set = (mode: RelayMode) => {
		writeFileSync(file, mode);
		chmodSync(file, 0o644);
	};
	set("pass");
	const child = join(import.meta.dirname, "s3-relay-child.ts");
	const [program = "", ...words] = [...enter, process.execPath, child, host, String(port), socket, file];
	const relay = spawn(program, words, { stdio: ["ignore", "pipe", "inherit"] });
	await Promise.race([
		once(relay.stdout, "data"),
		once(relay, "exit").then(([code]) => Promise.reject(new Error(`the relay ended: ${code}`))),
	]);
	return { set, close: () => void relay.kill("SIGKILL") };
}
