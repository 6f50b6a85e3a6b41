/** What is offered to a server, best first: no SHA-1, no CBC. ssh2 has no post-quantum key exchange and no OpenSSH certificates. */
export const ALGORITHMS = {
	kex: [
		"curve25519-sha256",
		"curve25519-sha256@libssh.org",
		"ecdh-sha2-nistp256",
		"ecdh-sha2-nistp384",
		"ecdh-sha2-nistp521",
		"diffie-hellman-group-exchange-sha256",
		"diffie-hellman-group14-sha256",
		"diffie-hellman-group16-sha512",
		"diffie-hellman-group18-sha512",
	],
	serverHostKey: [
		"ssh-ed25519",
		"ecdsa-sha2-nistp256",
		"ecdsa-sha2-nistp384",
		"ecdsa-sha2-nistp521",
		"rsa-sha2-512",
		"rsa-sha2-256",
	],
	cipher: [
		"aes128-gcm@openssh.com",
		"aes256-gcm@openssh.com",
		"aes128-ctr",
		"aes192-ctr",
		"aes256-ctr",
		"chacha20-poly1305@openssh.com",
	],
	hmac: ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512"],
} as const;

export type AlgorithmKind = keyof typeof ALGORITHMS;

/** The server's half of the negotiation, as its first packet lists it. */
export type ServerAlgorithms = Readonly<Record<AlgorithmKind, readonly string[]>>;

/** The first kind of algorithm that server and davit have none of in common. */
export function missingAlgorithm(server: ServerAlgorithms): AlgorithmKind | undefined {
	const kinds = Object.keys(ALGORITHMS) as AlgorithmKind[];
	return kinds.find((kind) => !server[kind].some((name) => (ALGORITHMS[kind] as readonly string[]).includes(name)));
}

/** Host key algorithms, those of the known keys first, so that a server with several keys shows a known one. */
export function hostKeyOrder(knownTypes: readonly string[]): string[] {
	const known = knownTypes.flatMap((type) => (type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256"] : [type]));
	const preferred = ALGORITHMS.serverHostKey.filter((name) => known.includes(name));
	return [...preferred, ...ALGORITHMS.serverHostKey.filter((name) => !known.includes(name))];
}
