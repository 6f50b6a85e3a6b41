import type { CpiError } from "../../src/cpi/errors.ts";
import { localError } from "./errors.ts";

/** What was found out about a machine. */
export interface SupportFacts {
	readonly platform: NodeJS.Platform;
	readonly root: boolean;
	/** Programs that aren't there, with the package that has each. */
	readonly missing: readonly (readonly [tool: string, package_: string])[];
	/** The program that makes namespaces. */
	readonly helper: string;
	readonly appArmor: boolean;
	/** Debian's kernel.unprivileged_userns_clone. */
	readonly cloneAllowed: boolean;
	/** user.max_user_namespaces. */
	readonly maximum: number;
	/** What the attempt to make namespaces said; undefined if it worked, or wasn't made. */
	readonly failure: string | undefined;
}

function otherSystem(platform: NodeJS.Platform): readonly [string, string] {
	const again = "and run davit in it; every other CPI works from here as it is";
	if (platform === "darwin")
		return [
			"macOS has no Linux namespaces",
			`start a Linux machine with Lima (brew install lima; limactl start) ${again}`,
		];
	if (platform === "win32") return ["Windows has no Linux namespaces", `install WSL 2 (wsl --install) ${again}`];
	return [`${platform} has no Linux namespaces`, `start a virtual machine with Linux ${again}`];
}

/** The profile and the command that loads it, in one text for a shell. */
function appArmorCommand(helper: string): string {
	return `run this once, or run davit with sudo:

sudo sh -c 'cat >/etc/apparmor.d/davit && apparmor_parser --replace /etc/apparmor.d/davit' <<'PROFILE'
abi <abi/4.0>,
include <tunables/global>

profile davit "${helper}" flags=(unconfined) {
  userns,
}
PROFILE
`;
}

function refusal(facts: SupportFacts): readonly [string, string] | undefined {
	if (facts.platform !== "linux") return otherSystem(facts.platform);
	if (facts.missing.length > 0) {
		const tools = facts.missing.map(([tool]) => tool).join(", ");
		const packages = [...new Set(facts.missing.map(([, package_]) => package_))].join(" ");
		return [`this machine lacks ${tools}`, `install ${packages}`];
	}
	if (facts.failure === undefined) return undefined;
	const said = `(${facts.failure})`;
	if (facts.maximum === 0)
		return [`user namespaces are turned off on this machine ${said}`, "sudo sysctl -w user.max_user_namespaces=15000"];
	if (!facts.root && !facts.cloneAllowed)
		return [
			`this machine lets only root make user namespaces ${said}`,
			"sudo sysctl -w kernel.unprivileged_userns_clone=1, or run davit with sudo",
		];
	if (facts.appArmor)
		return [`AppArmor lets no ordinary user make namespaces here ${said}`, appArmorCommand(facts.helper)];
	return [
		`this machine allows no namespaces ${said}`,
		facts.root
			? "in a container: allow it to make namespaces (privileged), or use another machine"
			: "run davit with sudo; in a container: allow it to make namespaces (privileged)",
	];
}

/** The error that says why embedded VMs can't run on such a machine and what helps; undefined if they can. */
export function unsupported(facts: SupportFacts, operation: string): CpiError | undefined {
	const found = refusal(facts);
	if (!found) return undefined;
	const [why, hint] = found;
	return localError("unsupported", operation, `embedded VMs can't run here: ${why}`, { hint });
}
