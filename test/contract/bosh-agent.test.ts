import { once } from "node:events";
import { connect } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { VmNetwork } from "../../src/cpi/cpi.ts";
import { agentUserData } from "../../src/cpi/user-data.ts";
import { generateKeyPair } from "../../src/ssh/keys.ts";
import { createSsh } from "../../src/ssh/pool.ts";
import type { Ssh } from "../../src/ssh/ssh.ts";
import { type AgentClient, createAgentClient } from "../../src/stemcell/agent/client.ts";
import { type AgentEndpoint, makeAgentEndpoint } from "../../src/stemcell/agent/endpoint.ts";
import { firstContactByAgent } from "../../src/stemcell/agent/first-contact.ts";
import type { AgentTarget } from "../../src/stemcell/agent/request.ts";
import { retireAgentEndpoint } from "../../src/stemcell/agent/retire.ts";
import { agentSettings } from "../../src/stemcell/agent/settings.ts";
import { type BoshAgent, boshAgentMissing, startBoshAgent } from "../support/bosh-agent.ts";
import { systemRandom } from "../support/manual-clock.ts";
import { realClock } from "../support/real-clock.ts";

const missing = boshAgentMissing();
const { signal } = new AbortController();
const sources = { clock: realClock, random: systemRandom };
const name = "database/0";

const network: VmNetwork = {
	type: "manual",
	ip: "10.244.0.2",
	prefix: 22,
	gateway: "10.244.0.1",
	dns: ["10.244.0.1"],
	default: ["dns", "gateway"],
	cloudProperties: { subnet: "s-1" },
};

/**
 * The agent as its project publishes it, on its own Ubuntu platform. What boots it on a stemcell (kernel, runit or systemd, monit, disks,
 * a cloud's user data) isn't here: no published stemcell image can be had where these tests run.
 */
describe.skipIf(missing !== undefined)(`first contact with a real bosh-agent${missing ? ` (${missing})` : ""}`, () => {
	let endpoint: AgentEndpoint;
	let agent: BoshAgent;
	let ssh: Ssh;
	let client: AgentClient;

	const targetWith = (changes: Partial<AgentEndpoint> = {}): AgentTarget => ({
		name,
		address: "10.244.0.2:6868",
		endpoint: { ...endpoint, ...changes },
		dial: (until) => ssh.dial({ name, host: "127.0.0.1", dialer: agent.dialer }, endpoint.port, { signal: until }),
	});
	const clientWith = (changes: Partial<AgentEndpoint>) => createAgentClient(targetWith(changes), sources);
	const failureOf = async (work: Promise<unknown>) => {
		const error = (await work.catch((reason: unknown) => reason)) as { stage?: string; message: string };
		return `${error.stage}: ${error.message}`;
	};

	beforeAll(async () => {
		endpoint = await makeAgentEndpoint(sources);
		ssh = createSsh(sources);
		const env = { persistent_disk_fs: "xfs", bosh: { swap_size: 64, mbus: { urls: ["nats://10.0.0.6:4222"] } } };
		const settings = agentSettings({ endpoint, vmName: "vm-1", networks: { default: network }, env });
		agent = await startBoshAgent(JSON.parse(agentUserData(settings, { macs: {}, systemDisk: "/dev/vda" })));
		client = createAgentClient(targetWith(), sources);
		await firstContactByAgent(targetWith(), generateKeyPair("").publicKey, { ...sources, signal }).catch((error) => {
			throw new Error(`${error.message}\n${agent.log().slice(-4000)}`);
		});
	});
	afterAll(async () => {
		ssh?.close();
		await agent?.close();
	});

	test("ends in a login by SSH at the host key that the agent told of, as a user that becomes root; again as well", async () => {
		for (const login of [generateKeyPair("first"), generateKeyPair("second")]) {
			const contact = await firstContactByAgent(targetWith(), login.publicKey, { ...sources, signal });
			const { hostKey, user } = contact;
			expect(await agent.read("/etc/ssh/ssh_host_rsa_key.pub")).toMatch(hostKey);
			const way = { name, host: "127.0.0.1", port: 22, dialer: agent.dialer };
			const target = { ...way, user, privateKey: login.privateKey, hostKeys: [hostKey] };
			const connection = await ssh.connect(target, { signal });
			const { stdout } = await connection.run(`id -un; id -Gn ${user} | tr ' ' '\\n' | sort | tr '\\n' ' '`, {
				signal,
			});
			expect(stdout).toBe("root\nadmin bosh_davit bosh_sshers bosh_sudoers vcap ");
			ssh.disconnect(target);
			const stranger = { ...target, hostKeys: [generateKeyPair("other").publicKey] };
			await expect(ssh.connect(stranger, { signal })).rejects.toMatchObject({ stage: "host-key" });
		}
		await client.cleanUpSsh("bosh_davit", { signal });
		expect(await agent.read("/etc/passwd")).not.toContain("bosh_davit");
	});

	test("its settings are read as they were meant", async () => {
		expect(await client.getState({ signal })).toMatchObject({ agentId: endpoint.agentId });
		expect(JSON.parse(await agent.read("/var/vcap/bosh/settings.json"))).toMatchObject({
			agent_id: endpoint.agentId,
			vm: { name: "vm-1" },
			networks: { default: { type: "manual", ip: "10.244.0.2", netmask: "255.255.252.0", gateway: "10.244.0.1" } },
			disks: { system: "/dev/vda" },
			env: {
				persistent_disk_fs: "xfs",
				bosh: {
					swap_size: 0,
					mbus: {
						urls: [`https://davit:${endpoint.password}@0.0.0.0:6868`],
						cert: { certificate: endpoint.certificate.certificate },
					},
				},
			},
		});
	});

	test("who isn't the one or the other is found out by its stage", async () => {
		await client.ping({ signal });
		const other = await makeAgentEndpoint(sources);
		expect({
			"another password": await failureOf(clientWith({ password: "guess" }).ping({ signal })),
			"another user": await failureOf(clientWith({ user: "admin" }).ping({ signal })),
			"the certificate of another VM": await failureOf(clientWith(other).ping({ signal })),
			"the same certificate for another id": await failureOf(clientWith({ agentId: other.agentId }).ping({ signal })),
		}).toEqual({
			"another password": "auth: database/0 (10.244.0.2:6868): its agent refuses davit's password (401)",
			"another user": "auth: database/0 (10.244.0.2:6868): its agent refuses davit's password (401)",
			"the certificate of another VM":
				"tls: database/0 (10.244.0.2:6868): what answers there shows a certificate that davit did not make for this VM (DEPTH_ZERO_SELF_SIGNED_CERT)",
			"the same certificate for another id":
				"tls: database/0 (10.244.0.2:6868): the agent there shows the certificate of another VM (ERR_TLS_CERT_ALTNAME_INVALID)",
		});
	});

	// Were it otherwise, davit would have to bring one: the agent would be mutual then, and not by the password alone.
	test("it looks at no client certificate, and answers nothing in the clear", async () => {
		const { certificate } = await makeAgentEndpoint(sources);
		const stream = await targetWith().dial(signal);
		const pair = { cert: certificate.certificate, key: certificate.private_key };
		const { agentId, user } = endpoint;
		const secure = connect({ socket: stream, ca: endpoint.certificate.ca, servername: agentId, ...pair });
		await once(secure, "secureConnect");
		const basic = Buffer.from(`${user}:wrong`).toString("base64");
		secure.write(`POST /agent HTTP/1.1\r\nHost: vm\r\nAuthorization: Basic ${basic}\r\nContent-Length: 0\r\n\r\n`);
		expect(String((await once(secure, "data"))[0])).toMatch(/^HTTP\/1\.1 401 /);
		stream.destroy();
		const clear = await targetWith().dial(signal);
		clear.write("POST /agent HTTP/1.1\r\nHost: vm\r\nContent-Length: 0\r\n\r\n");
		expect(String((await once(clear, "data"))[0])).toMatch(/^HTTP\/1\.0 400 Bad Request/);
		clear.destroy();
	});

	test("work that goes on after the answer is waited for; what the agent can't do is told in its own words", async () => {
		expect(await client.run("stop", [], { signal })).toBe("stopped");
		expect(await failureOf(client.run("run_errand", [], { signal }))).toMatch(
			/^exception: database\/0 \(10\.244\.0\.2:6868\): its agent failed at get_task: Action Failed get_task: Task [0-9a-f-]+ result: /,
		);
		expect(await failureOf(client.call("dance", [], { signal }))).toBe(
			"exception: database/0 (10.244.0.2:6868): its agent failed at dance: unknown message dance",
		);
		expect(await failureOf(client.setUpSsh({ user: "root", publicKey: "" }, { signal }))).toContain(
			"exception: database/0 (10.244.0.2:6868): its agent failed at ssh: Action Failed ssh: Creating user: ",
		);
	});

	test("what stood in user data is worth nothing once it is retired; again is success", async () => {
		await retireAgentEndpoint(targetWith(), { ...sources, signal });
		expect(await failureOf(client.ping({ signal }))).toContain("certificate that davit did not make for this VM");
		await retireAgentEndpoint(targetWith(), { ...sources, signal });
	});
});
