import { expect, test } from "vitest";
import { retireAgentEndpoint } from "../../../../src/stemcell/agent/retire.ts";
import { systemRandom } from "../../../support/manual-clock.ts";
import { realClock } from "../../../support/real-clock.ts";
import { type Answers, ENDPOINT, endpointAt, hurried, startAgent } from "./agents.ts";

const options = { clock: hurried, random: systemRandom, signal: new AbortController().signal };
const running = { value: { agent_task_id: "t-1", state: "running" } };

/** An agent whose task of new settings ends so. */
const ending =
	(answer: object): Answers =>
	({ method }) =>
		method === "ping" ? { value: "pong" } : method === "get_task" ? answer : running;

test.each([
	["that keeps its certificate", { value: "ok" }, "its agent keeps the certificate of its user data", 1],
	["that can't take one", { exception: { message: "disk full" } }, "its agent failed at get_task: disk full", 3],
])("an agent %s is an error", async (_, answer, message, tries) => {
	const asked: string[] = [];
	const agent = await startAgent((message, ...more) => {
		asked.push(message.method);
		return ending(answer)(message, ...more);
	});
	await expect(retireAgentEndpoint(agent.target, options)).rejects.toMatchObject({
		message: `database/0 (10.0.0.5:6868): ${message}`,
		retryable: false,
	});
	expect(asked.filter((method) => method === "update_settings")).toHaveLength(tries);
	agent.close();
});

test("one that no longer takes the endpoint was through this before, and is told nothing", async () => {
	const asked: string[] = [];
	const agent = await startAgent(
		({ method }) => {
			asked.push(method);
			return { value: "pong" };
		},
		await endpointAt(realClock),
	);
	await retireAgentEndpoint({ ...agent.target, endpoint: ENDPOINT }, options);
	expect(asked).toEqual([]);
	agent.close();
});
