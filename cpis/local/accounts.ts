import type { GuestSeed } from "../../src/cpi/cpi.ts";
import type { VmInterface } from "./addresses.ts";
import type { Ids } from "./config.ts";

/** Debian's base accounts, which every system has, and the ones that BOSH's stemcells add. */
const SYSTEM_USERS = [
	"daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin",
	"bin:x:2:2:bin:/bin:/usr/sbin/nologin",
	"sys:x:3:3:sys:/dev:/usr/sbin/nologin",
	"sync:x:4:65534:sync:/bin:/bin/sync",
	"man:x:6:12:man:/var/cache/man:/usr/sbin/nologin",
	"mail:x:8:8:mail:/var/mail:/usr/sbin/nologin",
	"www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin",
	"backup:x:34:34:backup:/var/backups:/usr/sbin/nologin",
	"syslog:x:104:111::/home/syslog:/usr/sbin/nologin",
	"nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin",
];
const SYSTEM_GROUPS =
	"daemon:1 bin:2 sys:3 adm:4 tty:5 disk:6 lp:7 mail:8 man:12 kmem:15 dialout:20 cdrom:24 floppy:25 tape:26 sudo:27 dip:30 www-data:33 backup:34 shadow:42 utmp:43 video:44 plugdev:46 staff:50 users:100 syslog:111 nogroup:65534";
const VCAP_GROUPS = ["adm", "dialout", "cdrom", "floppy", "video", "dip", "plugdev"];

/** A name that Linux and these files take; first contact says which one it looks for. */
export function isAccountName(name: string): boolean {
	return /^[a-z_][a-z0-9_-]{0,31}$/.test(name);
}

/** A host name as DNS allows it, whatever was asked for. */
export function hostName(wanted: string): string {
	const clean = wanted
		.replace(/[^A-Za-z0-9.-]+/g, "-")
		.slice(0, 63)
		.replace(/^[.-]+|[.-]+$/g, "");
	return clean === "" ? "vm" : clean;
}

function passwd(login: string, one: boolean): string {
	const lines = [
		`root:x:${one ? "1000:1000" : "0:0"}:root:/root:/bin/bash`,
		"vcap:x:1000:1000:BOSH System User:/home/vcap:/bin/bash",
	];
	if (login !== "root" && login !== "vcap") {
		const ids = one ? "1000:1000" : "1001:1001";
		lines.push(`${login}:x:${ids}:davit:/home/${login}:/bin/bash`);
	}
	return `${[...lines, ...SYSTEM_USERS].join("\n")}\n`;
}

function group(login: string, one: boolean): string {
	const separate = login !== "root" && login !== "vcap";
	const lines = [`root:x:${one ? 1000 : 0}:`, "vcap:x:1000:"];
	if (separate) lines.push(`${login}:x:${one ? 1000 : 1001}:`);
	for (const entry of SYSTEM_GROUPS.split(" ")) {
		const [name = "", gid] = entry.split(":");
		lines.push(`${name}:x:${gid}:${VCAP_GROUPS.includes(name) ? "vcap" : ""}`);
	}
	const members = ["vcap", ...(separate ? [login] : [])].join(",");
	lines.push(`admin:x:998:${members}`, `bosh_sshers:x:999:${members}`, `bosh_sudoers:x:997:${separate ? login : ""}`);
	return `${lines.join("\n")}\n`;
}

/** The files of a new VM's /etc that say who and where it is, by name. */
export function etcFiles(seed: GuestSeed, interfaces: readonly VmInterface[], ids: Ids): ReadonlyMap<string, string> {
	const one = ids === "one";
	const users = passwd(seed.loginUser, one);
	const groups = group(seed.loginUser, one);
	const names = (text: string) =>
		text
			.split("\n")
			.filter(Boolean)
			.map((line) => line.split(":")[0]);
	const hostname = hostName(seed.hostname);
	const servers = [...new Set(interfaces.flatMap(({ dns }) => dns))];
	return new Map([
		["passwd", users],
		["group", groups],
		[
			"shadow",
			names(users)
				.map((name) => `${name}:*:19000:0:99999:7:::\n`)
				.join(""),
		],
		[
			"gshadow",
			names(groups)
				.map((name) => `${name}:*::\n`)
				.join(""),
		],
		["hostname", `${hostname}\n`],
		[
			"hosts",
			`127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n${interfaces[0]?.ip ?? "127.0.1.1"} ${hostname}\n`,
		],
		["resolv.conf", servers.map((server) => `nameserver ${server}\n`).join("")],
		["machine-id", ""],
		["sudoers", "# sudo of an embedded VM knows root and the members of group bosh_sudoers; this file is not read.\n"],
	]);
}
