import { Readable } from "node:stream";
import type { ClientChannel } from "ssh2";

export interface Sending {
	readonly channel: ClientChannel;
	/** Settles when the channel has closed: nothing more is taken then. */
	readonly closed: Promise<unknown>;
	/** Called when the other side has taken some. */
	readonly onMoved: () => void;
}

/** Bytes of a text or buffer that are sent in one piece. */
const PIECE = 64 * 1024;

/**
 * Sends the script and then the data, no faster than the other side takes them, and closes standard input. Stops quietly when the
 * channel closes. The promise settles only by rejecting, with the data's own error.
 */
export function send(
	script: Buffer,
	data: Readable | string | Uint8Array | undefined,
	{ channel, closed, onMoved }: Sending,
): Promise<never> {
	const source =
		data instanceof Readable ? data : Readable.from(pieces(Buffer.from(data ?? "")), { objectMode: false });
	channel.write(script);
	return new Promise((_, reject) => {
		const fail = () =>
			reject(source.errored ?? new Error("the data for the command's standard input was closed before its end"));
		if (source.destroyed) fail();
		source.once("error", fail);
		const stop = pump(source, channel, onMoved);
		// Not a race of promises for each piece: the long-lived one would hold every piece until the end.
		void closed.then(() => {
			stop();
			source.off("error", fail).on("error", () => {});
			source.destroy();
		});
	});
}

/** As `pipe`, which with a second listener on the source goes on reading at full speed once the channel is gone. */
function pump(source: Readable, channel: ClientChannel, onMoved: () => void): () => void {
	let full = false;
	const move = () => {
		for (let chunk = full ? null : source.read(); chunk !== null; chunk = full ? null : source.read()) {
			onMoved();
			full = !channel.write(chunk);
		}
	};
	const drained = () => {
		full = false;
		onMoved();
		move();
	};
	const end = () => channel.end();
	source.on("readable", move).on("end", end);
	channel.on("drain", drained);
	return () => {
		source.off("readable", move).off("end", end);
		channel.off("drain", drained);
	};
}

function* pieces(bytes: Buffer): Generator<Buffer> {
	for (let start = 0; start < bytes.length; start += PIECE) yield bytes.subarray(start, start + PIECE);
}
