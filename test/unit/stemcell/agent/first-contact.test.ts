import { expect, test } from "vitest";
import { undialled } from "../../../../src/ssh/dial-failures.ts";
import { generateKeyPair } from "../../../../src/ssh/keys.ts";
import { firstContactByAgent } from "../../../../src/stemcell/agent/first-contact.ts";
import type { AgentTarget } from "../../../../src/stemcell/agent/request.ts";
import { realClock } from "../../../support/real-clock.ts";
import { type Answers, ENDPOINT, endpointAt, hurried, startAgent } from "./agents.ts";

const { signal } = new AbortController();
const host = generateKeyPair("").publicKey;

/** An agent that answers as one does that has booted. */
const healthy: Answers = ({ method, arguments: [command] }) =>
	method === "ping" ? { value: "pong" } : { value: { command, status: "success", host_public_key: host } };

test("it waits for a VM that boots, then sets the user up once and gives the host key", async () => {
	const asked: string[] = [];
	const agent = await startAgent((message, ...rest) => {
		asked.push([message.method, message.arguments[0]].join(" "));
		return healthy(message, ...rest);
	});
	let refusals = 3;
	const booting: AgentTarget = {
		...agent.target,
		dial: (until) => {
			refusals -= 1;
			if (refusals < 0) return agent.target.dial(until);
			throw undialled("database/0", "10.0.0.5:6868", Object.assign(new Error(), { code: "ECONNREFUSED" }));
		},
	};
	const seen: string[] = [];
	const onProgress = ({ stage, message }: { stage: string; message: string }) => seen.push(`${stage}: ${message}`);
	const contact = await firstContactByAgent(booting, "ssh-ed25519 AAAA", { clock: hurried, signal, onProgress });
	expect(contact).toEqual({ user: "bosh_davit", hostKey: host });
	expect(asked).toEqual(["ping ", "ssh cleanup", "ssh setup"]);
	expect(seen).toEqual(Array(3).fill("dial: database/0: 10.0.0.5:6868 refuses the connection"));
	agent.close();
});

test("an agent that goes away in between is begun with again", async () => {
	let setups = 0;
	const agent = await startAgent((message, response, request) => {
		if (message.arguments[0] !== "setup") return healthy(message, response, request);
		setups += 1;
		if (setups > 1) return healthy(message, response, request);
		response.destroy();
		return undefined;
	});
	expect(await firstContactByAgent(agent.target, "k", { clock: hurried, signal })).toMatchObject({ hostKey: host });
	expect(setups).toBe(2);
	agent.close();
});

test("what waiting can't mend ends it at once", async () => {
	const agent = await startAgent(healthy);
	const other = { ...agent.target, endpoint: await endpointAt(realClock) };
	await expect(firstContactByAgent(other, "k", { clock: realClock, signal })).rejects.toMatchObject({
		stage: "tls",
		retryable: false,
	});
	const refusing = await startAgent((_, response) => {
		response.writeHead(401).end();
		return undefined;
	}, ENDPOINT);
	await expect(firstContactByAgent(refusing.target, "k", { clock: realClock, signal })).rejects.toMatchObject({
		stage: "auth",
	});
	for (const { close } of [agent, refusing]) close();
});

test("past its deadline it tells what happened last", async () => {
	const target: AgentTarget = {
		name: "database/0",
		address: "10.0.0.5:6868",
		endpoint: ENDPOINT,
		dial: async () => {
			throw undialled("database/0", "10.0.0.5:6868", Object.assign(new Error(), { code: "EHOSTUNREACH" }));
		},
	};
	const contact = firstContactByAgent(target, "k", { clock: realClock, signal, deadlineMs: 200 });
	await expect(contact).rejects.toMatchObject({
		name: "AgentError",
		message:
			"database/0: its agent was not reached within 0.2 s; last: database/0: 10.0.0.5:6868 can't be reached (no route to host)",
		retryable: true,
	});
});
