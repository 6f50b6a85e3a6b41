import { join } from "node:path";
import type { Login } from "../../apply/context.ts";
import { Records } from "../../apply/records.ts";
import { runProbe } from "../../apply/run-probe.ts";
import { identityScript, parseIdentity } from "../../machine/identity.ts";
import { parseProbe, probeScript } from "../../machine/probe.ts";
import { claimOf, type EnteredVm, type FoundVm, type LeftVm } from "../../plan/found-vms.ts";
import { withDeadline } from "../../ssh/deadline.ts";
import { SshError } from "../../ssh/errors.ts";
import { createLimiter } from "../../ssh/limiter.ts";
import type { Ssh, SshConnection, SshTarget } from "../../ssh/ssh.ts";
import { AGENT_USER } from "../../stemcell/agent/first-contact.ts";
import type { CliContext } from "../command.ts";
import { writtenHostKeys } from "./adopt-login.ts";
import type { Cpis } from "./cpis.ts";
import { ANSWER_MS, untilEntered, wayTo } from "./machines.ts";
import type { Inputs } from "./manifest.ts";
import { aliasesOf, sshFolder } from "./openssh-files.ts";

/** VMs that are asked at once. */
const AT_ONCE = 32;

interface EnterInput {
	readonly inputs: Pick<Inputs, "deployment" | "cloud">;
	/** Of the lost store. */
	readonly uuid: string;
	readonly login: Login;
	readonly cpis: Cpis;
}

export interface Entered {
	readonly entered: readonly EnteredVm[];
	readonly left: readonly LeftVm[];
}

/**
 * Enters each VM and asks it which instance it is. A host key that davit ssh-config has not written down is learnt as it is shown: nothing secret is sent
 * before an operator has agreed to it.
 */
export async function enterVms(vms: readonly FoundVm[], input: EnterInput, context: CliContext): Promise<Entered> {
	const { name } = input.inputs.deployment;
	const known = await writtenHostKeys(name, context);
	const { clock, env, ports, signal } = context;
	const ssh = await ports.createSsh({ clock, ...(env.SSH_AUTH_SOCK ? { agent: env.SSH_AUTH_SOCK } : {}) });
	const places = createLimiter(AT_ONCE);
	try {
		const ends = await Promise.all(
			vms.map(async (found) => {
				const leave = await places.acquire(signal);
				try {
					return await enterOne(found, { ...input, known, ssh }, context);
				} finally {
					leave();
				}
			}),
		);
		return {
			entered: ends.flatMap((end) => ("why" in end ? [] : [end])),
			left: ends.flatMap((end) => ("why" in end ? [end] : [])),
		};
	} finally {
		ssh.close();
	}
}

interface EnterOne extends EnterInput {
	readonly known: ReadonlyMap<string, readonly string[]>;
	readonly ssh: Ssh;
}

async function enterOne(found: FoundVm, input: EnterOne, context: CliContext): Promise<EnteredVm | LeftVm> {
	const { deployment, cloud } = input.inputs;
	const claim = claimOf(found, deployment, cloud);
	const instance = `${claim.group}/${claim.index}`;
	const left = (why: string): LeftVm => ({ ...found, instance, why });
	if (found.vm.state === "stopped") return left("it is powered off");
	try {
		const records = new Records({ instances: [claim], disks: [] });
		const owner = { store: input.uuid, deployment: deployment.name };
		const { user = input.login.user, ...way } = wayTo(instance, { records, cloud, cpi: input.cpis.get, owner });
		const hostKeys = input.known.get(aliasesOf(deployment.name, instance)[0]) ?? [];
		const target = { name: instance, ...way, user, privateKey: input.login.privateKey, hostKeys };
		const { connection, ...by } = await enter(target, input.ssh, context);
		const [probed, identified] = [
			await runProbe(Promise.resolve(connection), probeScript(), context),
			await runProbe(Promise.resolve(connection), identityScript(), context),
		];
		const identity = parseIdentity(identified.stdout);
		if (!identity) return left("davit has not prepared it to the end");
		if (identity.deployment !== deployment.name || (claim.id !== "" && claim.id !== identity.id))
			return left(`at its address is ${identity.group}/${identity.index} (${identity.id}) of ${identity.deployment}`);
		return { ...found, identity, probe: parseProbe(probed.stdout), ...by };
	} catch (error) {
		context.signal.throwIfAborted();
		const refused = error instanceof SshError && error.stage === "auth" && !error.retryable;
		return { ...left(whyNot(error as Error, deployment.name, context)), ...(refused ? { refusesKey: true } : {}) };
	}
}

/** A VM that was made anew since its key was written down shows another. */
function whyNot(error: Error, deployment: string, context: CliContext): string {
	if (!(error instanceof SshError) || error.shownHostKey === undefined) return error.message;
	return `${error.message} in ${join(sshFolder(deployment, context), "known_hosts")}`;
}

interface Way extends Pick<EnteredVm, "hostKeys" | "learnt" | "user"> {
	readonly connection: SshConnection;
}

/** What is lost for a moment is no VM that does not answer. */
async function enter(target: SshTarget, ssh: Ssh, { clock, signal }: CliContext): Promise<Way> {
	let last: unknown;
	const late = () => (last as Error) ?? new Error(`it did not answer within ${ANSWER_MS / 1000} s`);
	const attempt = (until: AbortSignal) => () =>
		enterOnce(target, ssh, until).catch((error: unknown) => {
			if (!until.aborted) last = error;
			throw error;
		});
	return withDeadline({ ms: ANSWER_MS, clock, signal, late }, (until) => untilEntered(attempt(until), clock, until));
}

async function enterOnce(target: SshTarget, ssh: Ssh, signal: AbortSignal): Promise<Way> {
	try {
		const connection = await ssh.connect(target, { signal });
		return { connection, hostKeys: target.hostKeys, learnt: false };
	} catch (error) {
		if (!(error instanceof SshError)) throw error;
		if (error.shownHostKey !== undefined && target.hostKeys.length === 0)
			return { ...(await enterOnce({ ...target, hostKeys: [error.shownHostKey] }, ssh, signal)), learnt: true };
		if (error.stage !== "auth" || target.user === AGENT_USER) throw error;
		const byAgent = await enterOnce({ ...target, user: AGENT_USER }, ssh, signal).catch(() => undefined);
		if (!byAgent) throw error;
		return { ...byAgent, user: AGENT_USER };
	}
}
