import type { Network, Subnet } from "./cloud.ts";
import type { InstanceGroup } from "./deployment.ts";
import type { Interpolated } from "./interpolate-manifest.ts";
import { inRange } from "./ip.ts";
import { formatRange, parseRange } from "./ip-ranges.ts";
import { nodeAt } from "./path.ts";
import type { Report } from "./report.ts";

/** Where a static address is wanted: by which group, on which network (and which in the cloud file). */
interface Wanted {
	readonly group: InstanceGroup;
	readonly network: Network;
	readonly index: number;
}

/** Tells which of the ways it is wrong: outside every range, the gateway, reserved, not in `static`, in another AZ's subnet. */
export function checkStaticIp(
	ip: string,
	path: string,
	wanted: Wanted,
	cloudFile: Pick<Interpolated, "place">,
	report: Report,
): void {
	const { group, network } = wanted;
	if (network.type === "vip") return;
	const at = nodeAt(report.source.node, path) ? path : path.replace(/\/\d+$/, "");
	const say = (code: string, what: string, hint: string) =>
		report.error(code, at, `static IP ${ip} of instance group "${group.name}" ${what}`, hint);
	if (network.type === "dynamic") {
		say(
			"static-ip-dynamic",
			`can't be had: network "${network.name}" is dynamic`,
			"use a manual network, or leave static_ips out",
		);
		return;
	}
	const number = network.subnets.findIndex(({ range }) => holds(range, ip));
	const subnet = network.subnets[number];
	if (!subnet) {
		const ranges = network.subnets.map(({ range }) => range).join(", ");
		say("static-ip-outside", `lies in no range of network "${network.name}"`, `its ranges are ${ranges}`);
		return;
	}
	const line = lineOf(cloudFile, `/networks/${wanted.index}/subnets/${number}`);
	const lineOfStatic = lineOf(cloudFile, `/networks/${wanted.index}/subnets/${number}/static`);
	if (ip === subnet.gateway) {
		say("static-ip-gateway", `is the gateway of its subnet ${subnet.range} (${line})`, choice(subnet));
	} else if (subnet.reserved.some((range) => inRange(ip, range))) {
		say("static-ip-reserved", `is reserved in its subnet ${subnet.range} (${line})`, choice(subnet));
	} else if (!subnet.static.some((range) => inRange(ip, range))) {
		const what = `lies in the range ${subnet.range}, but not in its static addresses (${lineOfStatic})`;
		say(
			"static-ip-not-static",
			what,
			subnet.static.length === 0 ? `add static: [${ip}] there` : `${choice(subnet)}, or add ${ip} to static there`,
		);
	} else if (subnet.azs.length > 0 && group.azs.length > 0 && !subnet.azs.some((az) => group.azs.includes(az))) {
		const what = `lies in a subnet for ${subnet.azs.join(", ")} (${line}), but the group is in ${group.azs.join(", ")}`;
		say("static-ip-az", what, "choose an address of a subnet in the group's AZs");
	}
}

function holds(range: string, ip: string): boolean {
	const parsed = parseRange(range);
	return parsed !== undefined && inRange(ip, parsed);
}

function choice(subnet: Subnet): string {
	if (subnet.static.length === 0)
		return "choose another address, and list it under static of the subnet, which has none yet";
	return `choose one of ${subnet.static.map(formatRange).join(", ")}`;
}

function lineOf(cloudFile: Pick<Interpolated, "place">, path: string): string {
	const { file, line } = cloudFile.place(path);
	return `${file}:${line}`;
}
