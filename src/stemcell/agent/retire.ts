import type { Clock, Random } from "../../clock.ts";
import { duration, withDeadline } from "../../ssh/deadline.ts";
import { createAgentClient } from "./client.ts";
import { makeAgentEndpoint } from "./endpoint.ts";
import { AgentError } from "./errors.ts";
import type { AgentTarget } from "./request.ts";
import { agentMessageBus } from "./settings.ts";
import { mayPass, untilItWorks } from "./until-it-works.ts";

/** Milliseconds in which an agent takes its new settings and starts anew. */
const DEADLINE = 10 * 60_000;

/** How often it is told them: it installs trusted certificates too, which on a busy VM takes longer than it grants itself. */
const TRIES = 3;

/**
 * Makes the endpoint that stands in the VM's user data useless, since user data can be read on the VM: the agent gets another certificate
 * and password, which davit forgets at once, and starts anew with them. To be called when SSH works, before any job runs. An agent that
 * takes the endpoint no more has been through this before: success. One too old to take another is an error.
 */
export async function retireAgentEndpoint(
	target: AgentTarget,
	sources: { readonly clock: Clock; readonly random: Random; readonly signal: AbortSignal },
): Promise<void> {
	const { clock, signal } = sources;
	const successor = await makeAgentEndpoint(sources);
	const agent = createAgentClient(target, sources);
	const renewed = createAgentClient({ ...target, endpoint: successor }, sources);
	const late = () => notRenewed(target);
	await withDeadline({ ms: DEADLINE, clock, signal, late }, async (until) => {
		const own = { clock, signal: until };
		const retired = await untilItWorks(() => agent.ping(own), own).then(
			() => false,
			(error: unknown) => isRefusal(error) || Promise.reject(error),
		);
		if (retired) return;
		const settings = { mbus: agentMessageBus(successor) };
		const update = (tries: number): Promise<boolean> =>
			agent.run("update_settings", [settings], own).then(
				() => false,
				(error: unknown) => {
					if (mayPass(error) || isRefusal(error)) return true;
					if (error instanceof AgentError && error.stage === "exception" && tries > 1) return update(tries - 1);
					throw error;
				},
			);
		// One that takes them ends itself in the midst of the task.
		if (!(await update(TRIES))) throw tooOld(target);
		await untilItWorks(() => renewed.ping(own), own);
	});
}

/** What is there has another certificate, or another password. */
function isRefusal(error: unknown): boolean {
	return error instanceof AgentError && !error.retryable && (error.stage === "tls" || error.stage === "auth");
}

function tooOld(target: AgentTarget): AgentError {
	return new AgentError(`${target.name} (${target.address}): its agent keeps the certificate of its user data`, {
		stage: "exception",
		target: target.name,
		retryable: false,
		hint: "its stemcell's agent is too old for davit: take a newer stemcell",
	});
}

function notRenewed(target: AgentTarget): AgentError {
	const waited = `did not come back with its new certificate within ${duration(DEADLINE)}`;
	return new AgentError(`${target.name} (${target.address}): its agent ${waited}`, {
		stage: "answer",
		target: target.name,
		retryable: true,
		hint: "see /var/vcap/bosh/log/current on the VM",
	});
}
