import { createServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { afterEach, expect, test } from "vitest";
import { generateKeyPair } from "../../../../src/ssh/keys.ts";
import { type AgentClient, createAgentClient } from "../../../../src/stemcell/agent/client.ts";
import { AgentError } from "../../../../src/stemcell/agent/errors.ts";
import type { AgentTarget } from "../../../../src/stemcell/agent/request.ts";
import { manualClock } from "../../../support/manual-clock.ts";
import { realClock } from "../../../support/real-clock.ts";
import { type Asked, ENDPOINT, endpointAt, hurried, type Listening, listen, startAgent } from "./agents.ts";

const { signal } = new AbortController();
const options = { signal };
const open: Listening[] = [];
afterEach(() => {
	for (const listening of open.splice(0)) listening.close();
});

const keep = async (listening: Promise<Listening>): Promise<AgentTarget> => {
	const started = await listening;
	open.push(started);
	return started.target;
};
const clientOf = (target: AgentTarget, clock = realClock): AgentClient => createAgentClient(target, { clock });

async function failureOf(work: Promise<unknown>): Promise<string> {
	const error: unknown = await work.then(
		() => undefined,
		(reason: unknown) => reason,
	);
	if (!(error instanceof AgentError)) throw new Error("no AgentError", { cause: error });
	return `${error.stage}${error.retryable ? " (may pass)" : ""}: ${error.message}\n  ${error.hint}`;
}

test("a message goes to /agent with the password, and its value comes back", async () => {
	const seen: { asked: Asked; url: string | undefined; authorization: string | undefined }[] = [];
	const target = await keep(
		startAgent((asked, _, { url, headers }) => {
			seen.push({ asked, url, authorization: headers.authorization });
			return { value: { state: "fine", text: "한글" } };
		}),
	);
	expect(await clientOf(target).call("anything", [1, { a: "b" }], options)).toEqual({ state: "fine", text: "한글" });
	expect(seen).toEqual([
		{
			asked: { method: "anything", arguments: [1, { a: "b" }], reply_to: "davit" },
			url: "/agent",
			authorization: `Basic ${Buffer.from(`davit:${ENDPOINT.password}`).toString("base64")}`,
		},
	]);
});

test("a task is asked for until it has ended, through losses", async () => {
	let question = 0;
	const target = await keep(
		startAgent(({ method, arguments: [id] }, response) => {
			question += 1;
			if (question === 3) response.destroy();
			if (question === 4) response.writeHead(500);
			const running = { value: { agent_task_id: "t-1", state: "running" } };
			if (method === "get_task") expect(id).toBe("t-1");
			return question === 3 ? undefined : question < 6 ? running : { value: "stopped" };
		}),
	);
	expect(await clientOf(target, hurried).run("stop", [], options)).toBe("stopped");
	expect(question).toBe(6);
});

test("a task whose agent is lost for good isn't asked for for ever", async () => {
	let questions = 0;
	const target = await keep(
		startAgent(({ method }, response) => {
			questions += 1;
			if (method === "get_task") response.destroy();
			return method === "get_task" ? undefined : { value: { agent_task_id: "t-1", state: "running" } };
		}),
	);
	expect(await failureOf(clientOf(target, hurried).run("stop", [], options))).toMatch(/^answer \(may pass\)/);
	expect(questions).toBe(12);
});

test("the SSH user is set up, and cleaned up by its whole name", async () => {
	const asked: unknown[] = [];
	const { publicKey } = generateKeyPair("root@vm");
	const target = await keep(
		startAgent(({ method, arguments: args }) => {
			asked.push([method, ...args]);
			return { value: { command: args[0], status: "success", ip: "10.0.0.5", host_public_key: `${publicKey}\n` } };
		}),
	);
	const client = clientOf(target);
	const hostKey = publicKey.split(" ").slice(0, 2).join(" ");
	expect(await client.setUpSsh({ user: "bosh_davit", publicKey: "ssh-ed25519 AAAA" }, options)).toEqual({
		ip: "10.0.0.5",
		hostKey,
	});
	await client.cleanUpSsh("bosh_davit", options);
	expect(asked).toEqual([
		["ssh", "setup", { user: "bosh_davit", public_key: "ssh-ed25519 AAAA" }],
		["ssh", "cleanup", { user_regex: "^bosh_davit$" }],
	]);
});

test("an abort ends a call that waits", async () => {
	const abort = new AbortController();
	const target = await keep(
		startAgent(() => {
			abort.abort(new Error("enough"));
			return undefined;
		}),
	);
	await expect(clientOf(target).ping({ signal: abort.signal })).rejects.toThrow("enough");
});

test("every failure is told by its stage", async () => {
	const answering = (answer: object) => keep(startAgent(() => answer));
	const sending = (status: number, text: string) =>
		keep(
			startAgent((_, response) => {
				response.writeHead(status).end(text);
				return undefined;
			}),
		);
	const past = await endpointAt(manualClock(Date.UTC(2020, 0, 1)));
	const future = await endpointAt(manualClock(Date.UTC(2045, 0, 1)));
	const other = await endpointAt(realClock);
	const asAnother = await keep(startAgent(() => ({ value: "pong" }), other));
	const silentTcp = () => keep(listen(createTcpServer(() => {})));
	const soon = { signal, deadlineMs: 300 };
	const ping = (target: AgentTarget, how = options) => clientOf(target).ping(how);
	const told: Record<string, string> = {
		"an expired certificate": await failureOf(ping(await keep(startAgent(() => ({ value: "pong" }), past)))),
		"one that isn't valid yet": await failureOf(ping(await keep(startAgent(() => ({ value: "pong" }), future)))),
		"another's certificate": await failureOf(ping({ ...asAnother, endpoint: ENDPOINT })),
		"a certificate for another id": await failureOf(
			ping({ ...asAnother, endpoint: { ...other, agentId: ENDPOINT.agentId } }),
		),
		"plain HTTP": await failureOf(ping(await keep(listen(createServer((_, response) => response.end("hello")))))),
		"an SSH server": await failureOf(
			ping(await keep(listen(createTcpServer((socket) => socket.end("SSH-2.0-OpenSSH_9.6\r\n"))))),
		),
		"a stream that is closed": await failureOf(ping(await keep(listen(createTcpServer((socket) => socket.destroy()))))),
		"no TLS in time": await failureOf(ping(await silentTcp(), soon)),
		"no answer in time": await failureOf(ping(await keep(startAgent(() => undefined)), soon)),
		"an answer that is cut": await failureOf(
			ping(
				await keep(
					startAgent((_, response) => {
						response.writeHead(200, { "content-length": "100" });
						response.write("{", () => response.destroy());
						return undefined;
					}),
				),
			),
		),
		"a refused password": await failureOf(ping(await sending(401, ""))),
		"another web server": await failureOf(ping(await sending(404, "not found"))),
		"a page": await failureOf(ping(await sending(200, "<html>\n</html>"))),
		"no value": await failureOf(ping(await answering({ status: "ok" }))),
		"another answer to ping": await failureOf(ping(await answering({ value: "hello" }))),
		"an agent that fails": await failureOf(ping(await sending(500, "Running handler in a nice JSON sandwich"))),
		"an exception": await failureOf(
			clientOf(await answering({ exception: { message: `Action Failed ssh: ${"very ".repeat(200)}long` } })).call(
				"ssh",
				[],
				options,
			),
		),
		"an old agent": await failureOf(
			clientOf(await answering({ exception: { message: "unknown message info" } })).call("info", [], options),
		),
		"SSH that wasn't set up": await failureOf(
			clientOf(await answering({ value: { status: "failed" } })).setUpSsh({ user: "bosh_x", publicKey: "" }, options),
		),
		"no host key": await failureOf(
			clientOf(await answering({ value: { status: "success", host_public_key: "dummy-public-key" } })).setUpSsh(
				{ user: "bosh_x", publicKey: "" },
				options,
			),
		),
	};
	const text = Object.entries(told).map(([what, message]) => `# ${what}\n${message}\n`);
	await expect(text.join("\n")).toMatchFileSnapshot("client-errors.golden");
});

test("a port that nobody has is the dialer's failure", async () => {
	const listening = await listen(createTcpServer());
	listening.close();
	await expect(clientOf(listening.target).ping(options)).rejects.toMatchObject({ name: "SshError", stage: "dial" });
});
