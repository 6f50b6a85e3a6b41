import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { SshTarget } from "../../src/ssh/ssh.ts";
import type { Sshd } from "./sshd.ts";

/** A target that is entered directly, as `ops` (through sudo). */
export function targetOf(sshd: Pick<Sshd, "port" | "login" | "hostKey">, more: Partial<SshTarget> = {}): SshTarget {
	return {
		name: "database/0",
		host: "127.0.0.1",
		port: sshd.port,
		user: "ops",
		privateKey: sshd.login.privateKey,
		hostKeys: [sshd.hostKey.publicKey],
		dialer: { type: "direct" },
		...more,
	};
}

/** A server on a port of loopback (0: any free one) or a Unix socket that does what `serve` says with each connection. */
export async function listen(
	serve: (socket: Socket) => void,
	where: string | number = 0,
): Promise<{ port: number; close: () => void }> {
	const sockets = new Set<Socket>();
	const server: Server = createServer((socket) => {
		sockets.add(socket);
		socket.on("error", () => {});
		serve(socket);
	});
	if (typeof where === "number") server.listen(where, "127.0.0.1");
	else server.listen(where);
	await once(server, "listening");
	const address = server.address();
	return {
		port: typeof address === "object" && address !== null ? address.port : 0,
		close: () => {
			for (const socket of sockets) socket.destroy();
			server.close();
		},
	};
}

/**
 * The embedded provider's gateway as its protocol says: a line `HOST PORT`, an answer, then bytes. It sends the server's first bytes in
 * one piece with its answer, which is the hardest case for the other side.
 */
export async function startGateway(path: string): Promise<{ close: () => void }> {
	return listen((socket) => {
		socket.once("data", (line: Buffer) => {
			const [host = "", port = ""] = line.toString("utf8").trim().split(" ");
			const inside = connect(Number(port), host);
			inside.once("error", (error: NodeJS.ErrnoException) => socket.end(`error ${error.code} ${error.message}\n`));
			inside.once("data", (banner: Buffer) => {
				socket.write(Buffer.concat([Buffer.from("ok\n"), banner]));
				inside.pipe(socket);
				socket.pipe(inside);
			});
			socket.on("close", () => inside.destroy());
		});
	}, path);
}
