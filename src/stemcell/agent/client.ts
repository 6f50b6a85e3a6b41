import type { Clock } from "../../clock.ts";
import { publicKeyBlob } from "../../ssh/keys.ts";
import { AgentError } from "./errors.ts";
import { agentBroken, agentException, noAgent, passwordRefused } from "./failures.ts";
import { type AgentTarget, post } from "./request.ts";
import { mayPass } from "./until-it-works.ts";

export interface AgentCallOptions {
	readonly signal: AbortSignal;
	/** Milliseconds for TLS, and again for the answer. Default: 45 s, as a director waits. */
	readonly deadlineMs?: number;
}

/** A VM's agent, over the HTTPS endpoint that create-env uses (bosh-agent, mbus/https_handler.go). Every call dials anew. */
export interface AgentClient {
	/** One message, and the value that the agent answers at once. */
	call(method: string, args: readonly unknown[], options: AgentCallOptions): Promise<unknown>;
	/** One message whose work goes on after the answer: its task is asked for until it has ended. No deadline for that; `signal` ends it. */
	run(method: string, args: readonly unknown[], options: AgentCallOptions): Promise<unknown>;
	ping(options: AgentCallOptions): Promise<void>;
	getState(options: AgentCallOptions): Promise<{ readonly agentId: string; readonly jobState: string }>;
	/** Makes a user that may become root, and gives the VM's SSH host key, `ssh-rsa AAAA…`. `user` begins with `bosh_`, else clean-up passes it by. */
	setUpSsh(
		login: { readonly user: string; readonly publicKey: string },
		options: AgentCallOptions,
	): Promise<{ readonly hostKey: string; readonly ip: string }>;
	/** Removes that user and its home; absent is success. */
	cleanUpSsh(user: string, options: AgentCallOptions): Promise<void>;
}

const DEADLINE = 45_000;

/** Milliseconds between two questions for a task, and how many lost ones in a row are borne (bosh-agent's own client: 1 s, 10). */
const TASK_POLL = { pauseMs: 1000, losses: 10 };

export function createAgentClient(target: AgentTarget, { clock }: { readonly clock: Clock }): AgentClient {
	const call: AgentClient["call"] = async (method, args, { signal, deadlineMs = DEADLINE }) => {
		const message = JSON.stringify({ method, arguments: args, reply_to: "davit" });
		const { status, text } = await post(target, message, { clock, signal, deadlineMs });
		if (status === 401) throw passwordRefused(target);
		if (status >= 500) throw agentBroken(target, status, text);
		if (status !== 200) throw noAgent(target, `HTTP status ${status}`);
		return answerIn(target, method, text);
	};
	const run: AgentClient["run"] = async (method, args, options) => {
		let value = await call(method, args, options);
		const task = taskIn(value);
		if (task === undefined) return value;
		for (let losses = 0; taskIn(value) !== undefined; ) {
			await clock.sleep(TASK_POLL.pauseMs, options.signal);
			try {
				value = await call("get_task", [task], options);
				losses = 0;
			} catch (error) {
				losses += 1;
				if (!mayPass(error) || losses > TASK_POLL.losses) throw error;
			}
		}
		return value;
	};
	return { call, run, ...verbs(target, call) };
}

function verbs(target: AgentTarget, call: AgentClient["call"]): Omit<AgentClient, "call" | "run"> {
	return {
		async ping(options) {
			const value = await call("ping", [], options);
			if (value !== "pong") throw noAgent(target, `it answers ping with ${JSON.stringify(value)}`);
		},
		async getState(options) {
			const { agent_id, job_state } = (await call("get_state", [], options)) as Readonly<Record<string, unknown>>;
			return { agentId: String(agent_id), jobState: String(job_state) };
		},
		async setUpSsh({ user, publicKey }, options) {
			const value = await call("ssh", ["setup", { user, public_key: publicKey }], options);
			const { status, ip, host_public_key } = (value ?? {}) as Readonly<Record<string, unknown>>;
			if (status !== "success") throw agentException(target, "ssh", `its status is ${JSON.stringify(status)}`);
			return { hostKey: hostKeyIn(target, host_public_key), ip: typeof ip === "string" ? ip : "" };
		},
		async cleanUpSsh(user, options) {
			await call("ssh", ["cleanup", { user_regex: `^${user}$` }], options);
		},
	};
}

/** An answer is a JSON map with `value`, or with `exception` and its message. */
function answerIn(target: AgentTarget, method: string, text: string): unknown {
	const answer = parsed(text);
	if (typeof answer !== "object" || answer === null) throw noAgent(target, text || "an empty answer");
	if ("exception" in answer) {
		const { message } = (answer.exception ?? {}) as { readonly message?: unknown };
		throw agentException(target, method, String(message ?? "it gives no reason"));
	}
	if (!("value" in answer)) throw noAgent(target, text);
	return answer.value;
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

/** The id of a task that runs. */
function taskIn(value: unknown): string | undefined {
	const { agent_task_id, state } = (value ?? {}) as { readonly agent_task_id?: unknown; readonly state?: unknown };
	return typeof agent_task_id === "string" && state === "running" ? agent_task_id : undefined;
}

/** Type and key of the line in the VM's `ssh_host_*_key.pub`, without its comment. */
function hostKeyIn(target: AgentTarget, value: unknown): string {
	const [type = "", key = ""] = typeof value === "string" ? value.trim().split(/\s+/) : [];
	const blob = publicKeyBlob(`${type} ${key}`);
	// The blob begins with the type's length and the type (RFC 4253, 6.6).
	if (type !== "" && blob.subarray(4, 4 + type.length).toString("latin1") === type) return `${type} ${key}`;
	throw new AgentError(`${target.name} (${target.address}): its agent gave no SSH host key`, {
		stage: "answer",
		target: target.name,
		retryable: false,
		hint: "the VM's /etc/ssh/ssh_host_rsa_key.pub is absent or no key; look at its console",
	});
}
