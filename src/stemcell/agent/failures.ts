import { duration } from "../../ssh/deadline.ts";
import { AgentError, type AgentStage } from "./errors.ts";

/** Who is spoken with, for messages: `database/0`, `10.0.0.5:6868`. */
export interface AgentPeer {
	readonly name: string;
	readonly address: string;
}

function failure(
	peer: AgentPeer,
	stage: AgentStage,
	what: string,
	more: { retryable: boolean; hint: string; cause?: unknown },
): AgentError {
	return new AgentError(`${peer.name} (${peer.address}): ${what}`, { stage, target: peer.name, ...more });
}

const POSING = "; nothing was sent. `davit deploy --fix` makes a new VM with a certificate of its own";

/** Node's codes for a certificate that isn't the one that davit made for this VM. */
const CERTIFICATES: Readonly<Record<string, { readonly what: string; readonly hint: string }>> = {
	CERT_HAS_EXPIRED: {
		what: "its agent's certificate has expired: it is made for first contact, and lasts days",
		hint: "`davit deploy --fix` makes a new VM; check this machine's clock as well",
	},
	CERT_NOT_YET_VALID: {
		what: "its agent's certificate is not valid yet",
		hint: "this machine's clock is behind: set it, and try again",
	},
	ERR_TLS_CERT_ALTNAME_INVALID: {
		what: "the agent there shows the certificate of another VM",
		hint: `two VMs may have this address, or someone may be posing as this one${POSING}`,
	},
};

const UNKNOWN_CERTIFICATE = {
	what: "what answers there shows a certificate that davit did not make for this VM",
	hint: `someone may be posing as its agent${POSING}`,
};

/** Why TLS came to nothing. */
export function tlsFailed(peer: AgentPeer, error: Error): AgentError {
	const code = "code" in error ? String(error.code) : "";
	const known = CERTIFICATES[code];
	if (known || /CERT|ISSUER|SIGN|CHAIN|INVALID_CA|INVALID_PURPOSE|UNTRUSTED/.test(code)) {
		const { what, hint } = known ?? UNKNOWN_CERTIFICATE;
		return failure(peer, "tls", `${what} (${code})`, { retryable: false, hint, cause: error });
	}
	if (/wrong version number|packet length too long|http request/i.test(error.message)) {
		return failure(peer, "tls", "no TLS server answers there, so it is no BOSH agent", {
			retryable: false,
			hint: "check that the VM boots a BOSH stemcell and that nothing else has its port",
			cause: error,
		});
	}
	return failure(peer, "tls", `the connection was lost while TLS was set up (${code || error.message})`, {
		retryable: true,
		hint: "the VM may still boot; if it stays so, look at its console",
		cause: error,
	});
}

/** Nothing more came. */
export function agentSilent(peer: AgentPeer, stage: "tls" | "answer", ms: number): AgentError {
	const what = stage === "tls" ? "the port is open, but TLS was not set up" : "its agent gave no answer";
	return failure(peer, stage, `${what} within ${duration(ms)}`, {
		retryable: true,
		hint: "the VM may be overloaded; look at its console, and at /var/vcap/bosh/log/current on it",
	});
}

/** The stream ended or broke after the message was sent. */
export function answerLost(peer: AgentPeer, error: Error): AgentError {
	if ("code" in error && String(error.code).startsWith("HPE_")) return noAgent(peer, error.message);
	return failure(peer, "answer", `the connection was lost before its agent's answer came: ${error.message}`, {
		retryable: true,
		hint: "try again; an agent that ends again and again says why in /var/vcap/bosh/log/current",
		cause: error,
	});
}

/** 401: the password isn't the one in the VM's user data. */
export function passwordRefused(peer: AgentPeer): AgentError {
	return failure(peer, "auth", "its agent refuses davit's password (401)", {
		retryable: false,
		hint: "its settings were changed since the VM was made; `davit deploy --fix` makes a new VM",
	});
}

/** An answer of some other program. `said`: its status or what it sent. */
export function noAgent(peer: AgentPeer, said: string): AgentError {
	return failure(peer, "answer", `what answers there is no BOSH agent: ${shown(said)}`, {
		retryable: false,
		hint: "check that the VM boots a BOSH stemcell and that nothing else has its port",
	});
}

/** The agent could not read or write a message (5xx). */
export function agentBroken(peer: AgentPeer, status: number, said: string): AgentError {
	return failure(peer, "answer", `its agent failed (${status})${said ? `: ${shown(said)}` : ""}`, {
		retryable: true,
		hint: "see /var/vcap/bosh/log/current on the VM",
	});
}

/** The agent's own refusal of a message. */
export function agentException(peer: AgentPeer, method: string, text: string): AgentError {
	const old = /unknown message/.test(text);
	return failure(peer, "exception", `its agent failed at ${method}: ${shown(text)}`, {
		retryable: false,
		hint: old
			? "its stemcell's agent is too old for davit: take a newer stemcell"
			: "see /var/vcap/bosh/log/current on the VM",
	});
}

/** What a stranger said, on one line and not too long. */
function shown(text: string): string {
	const line = text.replace(/[^\x20-\x7e\u00a0-\uffff]+/g, " ").trim();
	return line.length > 600 ? `${line.slice(0, 300)} … ${line.slice(-300)}` : line;
}
