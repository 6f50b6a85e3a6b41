import type { ServerAlgorithms } from "./algorithms.ts";

/** What a server says in the clear before keys are exchanged (RFC 4253, 4.2 and 7.1). */
export interface Greeting {
	/** Lines before the identification, such as OpenSSH's `Exceeded MaxStartups`. */
	readonly before: readonly string[];
	/** `SSH-2.0-OpenSSH_9.2p1`; absent until it came. */
	readonly identification?: string;
	/** Absent until the first packet came whole. */
	readonly algorithms?: ServerAlgorithms;
}

/** A server that speaks longer than this without coming to the point isn't one. */
const LIMIT = 256 * 1024;
const KEXINIT = 20;

/** Reads a server's first bytes, however they are cut, beside the client that talks with it. `done`: there is no more to learn. */
export function createGreetingReader(): { read(chunk: Buffer): Greeting; readonly done: boolean } {
	let bytes: Buffer = Buffer.alloc(0);
	let greeting: Greeting = { before: [] };
	let done = false;
	return {
		get done() {
			return done;
		},
		read(chunk) {
			if (done) return greeting;
			bytes = Buffer.concat([bytes, chunk]);
			greeting = parseGreeting(bytes);
			done = greeting.algorithms !== undefined || bytes.length > LIMIT;
			return greeting;
		},
	};
}

/** What is known from the bytes so far. */
function parseGreeting(bytes: Buffer): Greeting {
	const before: string[] = [];
	let position = 0;
	for (let end = bytes.indexOf(10, position); end >= 0; end = bytes.indexOf(10, position)) {
		const line = bytes.toString("utf8", position, end).replace(/\r$/, "");
		position = end + 1;
		if (line.startsWith("SSH-")) {
			const algorithms = parseKexInit(bytes.subarray(position));
			return { before, identification: line, ...(algorithms ? { algorithms } : {}) };
		}
		before.push(line);
	}
	const rest = bytes.toString("utf8", position);
	return { before: rest && !"SSH-".startsWith(rest.slice(0, 4)) ? [...before, rest] : before };
}

/** A binary packet: length (4), padding length (1), message number (1), cookie (16), then name lists. */
function parseKexInit(packet: Buffer): ServerAlgorithms | undefined {
	if (packet.length < 22 || packet.length < 4 + packet.readUInt32BE(0) || packet[5] !== KEXINIT) return undefined;
	let position = 22;
	const lists = Array.from({ length: 6 }, () => {
		if (position + 4 > packet.length) return [];
		const start = position + 4;
		position = start + packet.readUInt32BE(position);
		return packet
			.toString("latin1", start, position)
			.split(",")
			.filter((name) => name !== "");
	});
	const [kex = [], serverHostKey = [], cipher = [], , hmac = []] = lists;
	return { kex, serverHostKey, cipher, hmac };
}
