import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { type SupportFacts, unsupported } from "../../../../cpis/local/unsupported.ts";

const fine: SupportFacts = {
	platform: "linux",
	root: false,
	missing: [],
	helper: "/home/ann/davit's home/unshare",
	appArmor: false,
	cloneAllowed: true,
	maximum: 15_000,
	failure: undefined,
};
const failure = "unshare: unshare failed: Operation not permitted";

test("a machine that makes namespaces is supported", () => {
	expect(unsupported(fine, "createVm")).toBe(undefined);
	expect(unsupported({ ...fine, appArmor: true, cloneAllowed: false, maximum: 0 }, "createVm")).toBe(undefined);
});

test.each<[Partial<SupportFacts>, string, RegExp]>([
	[{ platform: "darwin" }, "macOS has no Linux namespaces", /^start a Linux machine with Lima/],
	[{ platform: "win32" }, "Windows has no Linux namespaces", /^install WSL 2/],
	[{ platform: "freebsd" }, "freebsd has no Linux namespaces", /^start a virtual machine with Linux/],
	[
		{
			missing: [
				["ip", "iproute2"],
				["mount", "util-linux"],
				["umount", "util-linux"],
			],
		},
		"this machine lacks ip, mount, umount",
		/^install iproute2 util-linux$/,
	],
	[
		{ failure, maximum: 0 },
		`user namespaces are turned off on this machine (${failure})`,
		/user\.max_user_namespaces=15000$/,
	],
	[
		{ failure, cloneAllowed: false },
		`this machine lets only root make user namespaces (${failure})`,
		/^sudo sysctl -w kernel\.unprivileged_userns_clone=1, or run davit with sudo$/,
	],
	[
		{ failure, appArmor: true },
		`AppArmor lets no ordinary user make namespaces here (${failure})`,
		/apparmor_parser --replace/,
	],
	[{ failure }, `this machine allows no namespaces (${failure})`, /^run davit with sudo; in a container/],
	[{ failure, root: true, cloneAllowed: false }, `this machine allows no namespaces (${failure})`, /^in a container/],
])("%j is told with what helps", (more, why, hint) => {
	const error = unsupported({ ...fine, ...more }, "createVm");
	expect(error).toMatchObject({
		kind: "unsupported",
		message: `embedded VMs can't run here: ${why}`,
		retryable: false,
	});
	expect(error?.hint).toMatch(hint);
});

test("the AppArmor command is one that a shell takes whole, whatever the home is called", () => {
	const hint = unsupported({ ...fine, appArmor: true, failure }, "createVm")?.hint ?? "";
	const command = hint.slice(hint.indexOf("sudo sh -c")).replace(/^sudo sh -c '.*?'/, "cat");
	expect(execFileSync("bash", { input: command, encoding: "utf8" })).toContain(`profile davit "${fine.helper}"`);
});
