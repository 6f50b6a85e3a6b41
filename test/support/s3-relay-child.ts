import { readFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import process from "node:process";

/**
 * Carries connections to a server on a Unix socket, and spoils them as a file says, since a real server can't be told to: usage
 * HOST PORT SOCKET FILE. The file holds one word: pass, forbid (the signature is for another host), truncate, corrupt or stall.
 */
const [host = "", port = "", socket = "", file = ""] = process.argv.slice(2);

createServer((near) => {
	const mode = readFileSync(file, "utf8");
	const far = connect(socket);
	for (const end of [near, far]) end.on("error", () => end.destroy());
	near.on("close", () => far.destroy());
	if (mode !== "stall") far.on("close", () => near.end());
	near.on("data", (data) =>
		far.write(mode === "forbid" ? data.toString("latin1").replace(/^Host: .*$/im, "Host: other") : data),
	);
	if (mode === "stall") far.on("data", () => {});
	else if (mode === "truncate") truncate(far, near);
	else if (mode === "corrupt") far.on("data", (data) => near.write(corrupted(data as Buffer)));
	else far.pipe(near);
}).listen(Number(port), host, () => process.stdout.write("listening\n"));

/** Ends before the last byte. */
function truncate(far: Socket, near: Socket): void {
	far.on("data", (data) => {
		near.write(data.subarray(0, -1));
		near.end();
		far.destroy();
	});
}

/** The last byte is another. */
function corrupted(data: Buffer): Buffer {
	const other = Buffer.from(data);
	other[other.length - 1] = (other.at(-1) ?? 0) ^ 0xff;
	return other;
}
