import { StringDecoder } from "node:string_decoder";

/** A line without an end is cut here, so that memory stays bounded. Characters. */
const LONGEST_LINE = 64 * 1024;

/** One output of a command: its lines as they come, and its last bytes. */
export interface Output {
	write(chunk: Buffer): void;
	/** Gives the last line even if it has no end, and the text of the last `maxBytes` bytes. */
	end(): string;
}

export function createOutput(maxBytes: number, onLine?: (line: string) => void): Output {
	const tail = createTail(maxBytes);
	const lines = onLine ? createLines(onLine) : undefined;
	return {
		write(chunk) {
			tail.write(chunk);
			lines?.write(chunk);
		},
		end() {
			lines?.end();
			return tail.text();
		},
	};
}

function createTail(maxBytes: number) {
	const chunks: Buffer[] = [];
	let length = 0;
	let cut = false;
	return {
		write(chunk: Buffer) {
			chunks.push(chunk);
			length += chunk.length;
			while (length > maxBytes) {
				cut = true;
				const first = chunks[0] ?? Buffer.alloc(0);
				const over = length - maxBytes;
				if (first.length <= over) chunks.shift();
				else chunks[0] = first.subarray(over);
				length -= Math.min(first.length, over);
			}
		},
		text() {
			const bytes = Buffer.concat(chunks);
			return bytes.toString("utf8", cut ? characterStart(bytes) : 0);
		},
	};
}

/** A cut may have gone through a character of several bytes: where the next one starts. */
function characterStart(bytes: Buffer): number {
	let start = 0;
	while (start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
	return start;
}

function createLines(onLine: (line: string) => void) {
	const decoder = new StringDecoder("utf8");
	let pending = "";
	const emit = (line: string) => onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
	const take = (text: string) => {
		const parts = (pending + text).split("\n");
		pending = parts.pop() ?? "";
		for (const line of parts) emit(line);
		while (pending.length > LONGEST_LINE) {
			onLine(pending.slice(0, LONGEST_LINE));
			pending = pending.slice(LONGEST_LINE);
		}
	};
	return {
		write: (chunk: Buffer) => take(decoder.write(chunk)),
		end() {
			take(decoder.end());
			if (pending !== "") emit(pending);
			pending = "";
		},
	};
}
