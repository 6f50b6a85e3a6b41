/** The VM's SSH server. As OpenSSH's: /etc/ssh's host key, read again on SIGHUP; /run/sshd.pid; public keys only. */
import { timingSafeEqual } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import ssh2, { type AuthContext, type Connection } from "ssh2";
import { type Account, type AuthorizedKey, authorizedKeys, findAccount } from "./accounts.ts";
import { serveCommand, serveSession } from "./session.ts";

const HOST_KEY = "/etc/ssh/ssh_host_ed25519_key";
/** Without chacha20-poly1305, which OpenSSH prefers and which is slow in JavaScript. */
const CIPHERS = ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr"] as const;

interface Login extends Pick<AuthorizedKey, "command"> {
	readonly account: Account;
}

function loginFor(context: AuthContext): Login | undefined {
	if (context.method !== "publickey") return undefined;
	const account = findAccount(context.username);
	if (!account) return undefined;
	const allowed = authorizedKeys(account, new Date()).find(({ key }) => {
		const wire = key.getPublicSSH();
		return wire.length === context.key.data.length && timingSafeEqual(wire, context.key.data);
	});
	if (!allowed) return undefined;
	// Without a signature the client only asks whether this key would do.
	if (
		context.signature &&
		!(context.blob && allowed.key.verify(context.blob, context.signature, context.hashAlgo) === true)
	)
		return undefined;
	return { ...allowed, account };
}

function serveForward(connection: Connection): void {
	connection.on("tcpip", (accept, reject, { destIP, destPort }) => {
		const target = connect({ host: destIP, port: destPort, allowHalfOpen: true });
		target.once("error", reject);
		target.once("connect", () => {
			target.off("error", reject);
			const channel = accept();
			target.on("error", () => channel.close());
			channel.on("error", () => target.destroy());
			channel.on("close", () => target.destroy());
			channel.pipe(target).pipe(channel);
		});
	});
}

function serve(connection: Connection): void {
	let login: Login | undefined;
	connection.on("authentication", (context) => {
		login = loginFor(context);
		if (login) context.accept();
		else context.reject(["publickey"]);
	});
	connection.on("ready", () => {
		const entered = login;
		if (!entered) return;
		const { account, command } = entered;
		connection.on("session", (accept) =>
			command === undefined ? serveSession(accept(), account) : serveCommand(accept(), account, command),
		);
		if (command === undefined) serveForward(connection);
	});
	// A broken connection ends its sessions by their own close events.
	connection.on("error", () => {});
}

function sshServer(): InstanceType<typeof ssh2.Server> {
	return new ssh2.Server(
		{ hostKeys: [readFileSync(HOST_KEY)], ident: "davit_local", algorithms: { cipher: [...CIPHERS] } },
		serve,
	);
}

let current = sshServer();
process.on("SIGHUP", () => {
	try {
		current = sshServer();
	} catch (error) {
		console.error(`sshd: ${HOST_KEY} can't be used, the old key stays: ${error}`);
	}
});

// The listening socket stays while the host key changes: connections in hand are served to their end.
const listener = createServer({ allowHalfOpen: false, noDelay: true }, (socket) => current.injectSocket(socket));
listener.listen({ port: 22, host: "::", ipv6Only: false }, () => writeFileSync("/run/sshd.pid", `${process.pid}\n`));
listener.on("error", (error: NodeJS.ErrnoException) => {
	if (error.code !== "EAFNOSUPPORT") throw error;
	listener.listen(22, "0.0.0.0");
});
