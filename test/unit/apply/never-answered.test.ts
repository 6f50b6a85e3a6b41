import { expect, test } from "vitest";
import { withConsole } from "../../../src/apply/never-answered.ts";
import type { Cpi, VmCid } from "../../../src/cpi/cpi.ts";
import { SshError } from "../../../src/ssh/errors.ts";
import { AgentError, type AgentStage } from "../../../src/stemcell/agent/errors.ts";
import { applyWorld } from "../../support/apply-fixtures.ts";

const vm = {
	cid: "vm-1" as VmCid,
	key: "k",
	cpi: "kvm",
	createdAt: 0,
	shape: {},
	hostKeys: [],
	bootstrapped: false,
};
const silent = new SshError("web/0: not reached within 10 min", { stage: "dial", target: "web/0", retryable: true });

const contextWith = (cpi: Partial<Cpi>) => applyWorld({ more: { cpi: () => cpi as Cpi } }).context;
const boot = Array.from({ length: 30 }, (_, index) => `line ${index + 1}`).join("\n");

test("a VM that never answers is told with the last lines of its console", async () => {
	const told = await withConsole(silent, vm, contextWith({ consoleLog: async () => `${boot}\nKernel panic\n\n` }));
	const shown = [...boot.split("\n").slice(-19), "Kernel panic"].join("\n");
	expect(told).toMatchObject({
		problems: [{ code: "ssh-dial", message: `web/0: not reached within 10 min\nthe end of its console:\n${shown}` }],
	});
});

test("so is one whose agent never answers; what the agent itself says needs no console", async () => {
	const cloud = contextWith({ consoleLog: async () => "Kernel panic" });
	const failure = (stage: AgentStage) => new AgentError("web/0: no", { stage, target: "web/0", retryable: true });
	expect(await withConsole(failure("tls"), vm, cloud)).toMatchObject({
		problems: [{ code: "agent-tls", message: "web/0: no\nthe end of its console:\nKernel panic" }],
	});
	const said = failure("exception");
	expect(await withConsole(said, vm, cloud)).toBe(said);
});

test.each<[string, Partial<Cpi>]>([
	["a cloud that keeps no console", {}],
	["an empty console", { consoleLog: async () => "" }],
	["a console that can't be had", { consoleLog: () => Promise.reject(new Error("gone")) }],
])("with %s the failure is told as it is", async (_, cpi) => {
	expect(await withConsole(silent, vm, contextWith(cpi))).toBe(silent);
});

test("a VM that shows another key than the one that it was given has an image without cloud-init", async () => {
	const other = new SshError("web/0: its host key is not the known one", {
		stage: "host-key",
		target: "web/0",
		retryable: false,
	});
	const hint = expect.stringContaining("cloud-init");
	expect(await withConsole(other, { ...vm, hostKeys: ["seed"] }, contextWith({}))).toMatchObject({
		problems: [{ hint }],
	});
	expect(await withConsole(other, { ...vm, hostKeys: ["own"], bootstrapped: true }, contextWith({}))).toBe(other);
	expect(await withConsole(other, { ...vm, hostKeys: ["told"], user: "bosh_davit" }, contextWith({}))).toBe(other);
});

test("a VM that lets davit in and makes it no root has said why itself", async () => {
	const refused = new SshError("web/0: a password is required", { stage: "sudo", target: "web/0", retryable: false });
	expect(await withConsole(refused, vm, contextWith({ consoleLog: async () => boot }))).toBe(refused);
});
