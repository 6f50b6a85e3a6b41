import { z } from "zod";
import type { CpiSettings } from "../../src/cpi/cpi.ts";
import { libvirtError } from "./errors.ts";

const uri = z
	.string()
	.regex(
		/^qemu(\+(ssh|unix|tcp|tls|libssh2?))?:\/\//,
		"a libvirt address starts with qemu:/// or qemu+ssh://USER@HOST/",
	);

const hostName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, "letters, digits, dots and dashes only");

const properties = z
	.strictObject({
		/** One host; default `qemu:///system`. */
		uri: uri.optional(),
		/** Several: `host` in the AZ's cloud_properties names one. */
		hosts: z
			.array(
				z.strictObject({
					name: hostName,
					uri,
					pool: z.string().min(1).optional(),
					network: z.string().min(1).optional(),
				}),
			)
			.min(1)
			.optional(),
		pool: z.string().min(1).default("default"),
		network: z.string().min(1).default("default"),
		/** Default: kvm where the host offers it. */
		virtualization: z.enum(["kvm", "qemu"]).optional(),
		/** Keeps what VMs write on their serial consoles, in the pool. */
		console_log: z.boolean().default(true),
		/** How long a guest may take to shut down before its plug is pulled. */
		reboot_grace_seconds: z.number().min(0).default(90),
	})
	.check(({ value, issues }) => {
		if (value.uri !== undefined && value.hosts)
			issues.push({ code: "custom", input: value, path: ["hosts"], message: "give uri or hosts, not both" });
		const names = (value.hosts ?? []).map(({ name }) => name);
		for (const name of new Set(names.filter((name, index) => names.indexOf(name) !== index)))
			issues.push({ code: "custom", input: value, path: ["hosts"], message: `two hosts are named ${name}` });
	});

export interface HostConfig {
	/** Undefined for the only host of `uri`: cids don't tell of it then. */
	readonly name: string | undefined;
	readonly uri: string;
	readonly pool: string;
	readonly network: string;
}

export interface LibvirtConfig {
	readonly hosts: readonly HostConfig[];
	readonly virtualization: "kvm" | "qemu" | undefined;
	readonly consoleLog: boolean;
	readonly rebootGraceMs: number;
	/** What virsh, and the ssh that it starts, see of davit's environment. */
	readonly env: Readonly<Record<string, string>>;
}

const PASSED_ON = ["PATH", "HOME", "USER", "LOGNAME", "SSH_AUTH_SOCK", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME"] as const;

/** A prompt of ssh's would wait for ever: nobody sees it. Source: libvirt.org/uri.html, "no_tty". */
function withoutPrompts(address: string): string {
	if (!address.startsWith("qemu+ssh:") || /[?&]no_tty=/.test(address)) return address;
	return `${address}${address.includes("?") ? "&" : "?"}no_tty=1`;
}

/** Reads the `properties` of a `libvirt` CPI in the cloud file; all problems are in one error. */
export function readConfig({ name, properties: given, env }: CpiSettings): LibvirtConfig {
	const parsed = properties.safeParse(given);
	if (!parsed.success) {
		const problems = parsed.error.issues.map((issue) => `${issue.path.join("/") || "properties"}: ${issue.message}`);
		throw libvirtError("invalid", "info", `CPI ${name} (libvirt): ${problems.join("; ")}`);
	}
	const { uri: only, hosts, pool, network, virtualization, console_log, reboot_grace_seconds } = parsed.data;
	const all = hosts ?? [{ name: undefined, uri: only ?? "qemu:///system", pool, network }];
	const passed = PASSED_ON.flatMap((key) => (env[key] === undefined ? [] : [[key, env[key]]]));
	return {
		hosts: all.map((host) => ({
			name: host.name,
			uri: withoutPrompts(host.uri),
			pool: host.pool ?? pool,
			network: host.network ?? network,
		})),
		virtualization,
		consoleLog: console_log,
		rebootGraceMs: reboot_grace_seconds * 1000,
		env: { PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", ...Object.fromEntries(passed), LC_ALL: "C.UTF-8" },
	};
}
