import type { Clock, Random } from "../../clock.ts";

/**
 * What davit and one VM's agent know of each other before that VM is made: fresh for each VM, put into its user data, and kept sealed until
 * first contact is over. The agent proves itself by the certificate's key. It asks for no client certificate (bosh-agent,
 * mbus/https_dispatcher.go), so davit proves itself by the password, which goes over TLS only.
 */
export interface AgentEndpoint {
	/** A UUID; the agent's certificate is made out to it, as the VM's address may not be known yet. */
	readonly agentId: string;
	readonly port: number;
	readonly user: string;
	readonly password: string;
	/** PEM texts, with the keys that `env.bosh.mbus.cert` has. */
	readonly certificate: { readonly ca: string; readonly certificate: string; readonly private_key: string };
}

/** create-env's port. */
const PORT = 6868;

/** Days: first contact takes minutes, and an interrupted deploy is resumed or its VM made anew. */
const VALID_DAYS = 2;

/** Agents take RSA only (TLS 1.2 with ECDHE-RSA); 2048 bits outlast two days. */
const KEY_LENGTH = 2048;

/** A new endpoint for a VM that is about to be made. */
export async function makeAgentEndpoint(sources: {
	readonly clock: Clock;
	readonly random: Random;
}): Promise<AgentEndpoint> {
	const { makeCertificate } = await import("../../variables/certificate.ts");
	const agentId = sources.random.uuid();
	const options = {
		commonName: agentId,
		alternativeNames: [agentId],
		isCa: false,
		ca: undefined,
		organization: "davit",
		extendedKeyUsage: ["server_auth"],
		keyUsage: ["digital_signature", "key_encipherment"],
		durationDays: VALID_DAYS,
		keyLength: KEY_LENGTH,
	} as const;
	const certificate = (await makeCertificate(options, undefined, sources)) as unknown as AgentEndpoint["certificate"];
	const password = Buffer.from(sources.random.bytes(32)).toString("base64url");
	return { agentId, port: PORT, user: "davit", password, certificate };
}
