import type { Agents } from "../../apply/context.ts";
import type { Records } from "../../apply/records.ts";
import type { InstanceName } from "../../plan/step.ts";
import { showAddress } from "../../ssh/dial-direct.ts";
import { type AgentEndpoint, makeAgentEndpoint } from "../../stemcell/agent/endpoint.ts";
import { firstContactByAgent } from "../../stemcell/agent/first-contact.ts";
import type { AgentTarget } from "../../stemcell/agent/request.ts";
import { retireAgentEndpoint } from "../../stemcell/agent/retire.ts";
import type { Key } from "../../variables/key.ts";
import { openSealed, type SealedPlace, seal } from "../../variables/seal.ts";
import type { CliContext } from "../command.ts";
import type { Machines } from "./machines.ts";

export interface AgentsOptions {
	readonly context: CliContext;
	readonly deployment: string;
	readonly key: Key;
	readonly records: Records;
	readonly machines: Machines;
	/** The deployment's login key, which the agents' users get. */
	readonly publicKey: string;
}

/** What the endpoint of a VM's agent is bound to where it is sealed. */
export function agentPlace(deployment: string, vmKey: string): Omit<SealedPlace, "key"> {
	return { deployment, name: `davit/agent/${vmKey}`, version: 1 };
}

/** Speaks with the agents of BOSH stemcells, each over the same way as SSH. Endpoints are sealed with the store's key, bound to their VM. */
export function createAgents({ context, deployment, key, records, machines, publicKey }: AgentsOptions): Agents {
	const { clock, random, emit, hide } = context;
	const placeOf = (vmKey: string) => ({ key, ...agentPlace(deployment, vmKey) });
	const hidden = (endpoint: AgentEndpoint) => {
		hide([endpoint.password, endpoint.certificate.private_key]);
		return endpoint;
	};
	const targetOf = (instance: InstanceName): AgentTarget => {
		const { vm } = records.get(instance);
		if (vm?.agent === undefined) throw new Error(`${instance} has no agent to speak with`);
		const endpoint = hidden(JSON.parse(openSealed(vm.agent, placeOf(vm.key))) as AgentEndpoint);
		const { port } = endpoint;
		const address = showAddress(machines.target(instance).host, port);
		return { name: instance, address, endpoint, dial: (signal) => machines.dial(instance, port, signal) };
	};
	return {
		make: async (vmKey) => {
			const endpoint = hidden(await makeAgentEndpoint({ clock, random }));
			return { endpoint, sealed: seal(JSON.stringify(endpoint), { ...placeOf(vmKey), random }) };
		},
		firstContact: async (instance, { signal, step }) =>
			firstContactByAgent(targetOf(instance), publicKey, {
				clock,
				signal,
				onProgress: ({ message }) => emit({ type: "step-progress", id: step.id, text: message }),
			}),
		retire: async (instance, { signal }) => retireAgentEndpoint(targetOf(instance), { clock, random, signal }),
	};
}
