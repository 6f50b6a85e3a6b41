import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { withWorld } from "../support/acceptance.ts";
import { addresses, ipv6Networks, KNOWN, PLACED, writeIpv6Inputs } from "../support/ipv6-inputs.ts";
import { oneUser } from "../support/ordinary-user.ts";

const CLOUD = readFileSync(join(import.meta.dirname, "../../manifests/cloud/local.yml"), "utf8")
	.replace(/^networks:\n(?:[- ].*\n)+/m, ipv6Networks({}))
	.replace("network: default", "network: six");

describe.each(oneUser)("IPv6 on this machine, as $name", (user) => {
	test("instances with an IPv6 address only, and with one of each family", () =>
		withWorld(user, async (world) => {
			writeIpv6Inputs(world);
			world.write("cloud.yml", CLOUD);
			const { code, stderr } = await world.davit(["deploy", "tiny.yml", "--cloud", "cloud.yml"]);
			expect(code, stderr).toBe(0);
			expect(await addresses(world)).toEqual(PLACED);
			const onVm = async (instance: string, command: string) =>
				(await world.davit(["ssh", instance, "-c", command])).stdout.trim();
			expect(await onVm("web/0", "cat /var/vcap/jobs/app/config/known")).toBe(KNOWN);
			expect(await onVm("web/1", "getent ahostsv6 0.web.six.tiny.bosh q-s0.web.six.tiny.bosh; true")).toContain(
				"fd00:216::",
			);
			const banner = (ip: string) => `exec 3<>/dev/tcp/${ip}/22; read -r banner <&3; echo "$banner"`;
			expect(await onVm("web/0", banner("fd00:216::20"))).toMatch(/^SSH-2/);
			expect(await onVm("both/0", banner("fd00:216::c"))).toMatch(/^SSH-2/);
			expect(await world.davit(["deploy", "tiny.yml"])).toMatchObject({
				stderr: "tiny: nothing to do, all is as the manifest says\n",
			});
		}));
});
