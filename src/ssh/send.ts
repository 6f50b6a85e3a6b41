import { Readable } from "node:stream";
import type { ClientChannel } from "ssh2";

export interface Sending {
	readonly channel: ClientChannel;
	/** Settles when the channel has closed: nothing more is taken then. */
	readonly closed: Promise<unknown>;
	/** Called when the other side has taken some. */
	readonly onMoved: () => void;
}

/**
 * Sends the script and then the data, no faster than the other side takes them, and closes standard input. Ends early, and quietly,
 * when the channel closes. Rejects with the data's own error.
 */
export async function send(
	script: Buffer,
	data: Readable | string | Uint8Array | undefined,
	sending: Sending,
): Promise<void> {
	if (!(await write(script, sending))) return;
	if (data instanceof Readable) await sendStream(data, sending);
	else if (data !== undefined && data.length > 0) await write(Buffer.from(data), sending);
	sending.channel.end();
}

async function sendStream(data: Readable, sending: Sending): Promise<void> {
	const chunks = data[Symbol.asyncIterator]() as AsyncIterator<Buffer | string, undefined>;
	const closed = sending.closed.then(() => undefined);
	try {
		for (;;) {
			const next = await Promise.race([chunks.next(), closed]);
			if (next === undefined || next.done || !(await write(Buffer.from(next.value), sending))) return;
		}
	} finally {
		data.destroy();
	}
}

/** False if the channel closed first: ssh2 then never calls back. */
async function write(bytes: Buffer, { channel, closed, onMoved }: Sending): Promise<boolean> {
	const taken = new Promise<boolean>((resolve) => {
		channel.write(bytes, (error) => resolve(!error));
	});
	const going = await Promise.race([taken, closed.then(() => false)]);
	onMoved();
	return going;
}
