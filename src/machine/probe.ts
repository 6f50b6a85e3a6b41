import { z } from "zod";
import { bootIdFunction } from "./bootstrap/boot.ts";
import { DAVIT, DISKS, jobFilePath, jobPath, packagePath } from "./layout.ts";
import { HOSTS_BEGIN, HOSTS_END } from "./names.ts";
import type { PackageBits } from "./package.ts";
import { script } from "./prelude.ts";
import { assignServices, type ServiceProbe, serviceAnswersSchema, servicesFunction } from "./service-probe.ts";
import { assign, assignList } from "./shell.ts";
import { endedFunction, type ProcessStatus, parseStatus } from "./supervisor/control.ts";
import { type Vitals, vitalsFunction, vitalsSchema } from "./vitals.ts";

/** What the VM is believed to hold. All of it may be left out: then only what it says of itself is asked. */
export interface ProbeExpectation {
	/** Rendered files, `JOB/path`. */
	readonly files?: readonly string[];
	readonly jobs?: readonly { readonly name: string; readonly digest: string }[];
	readonly packages?: readonly PackageBits[];
	/** Where a persistent disk must be. */
	readonly mountPoint?: string | undefined;
	/** Names of disks that jobs must find. */
	readonly disks?: readonly string[];
	/** What must answer on it, for which it has three seconds. */
	readonly services?: readonly ServiceProbe[];
	/** Takes 0.2 s more, in which the processors are watched. */
	readonly vitals?: boolean;
}

export interface ProbeResult {
	readonly bootId: string;
	/** The highest fencing number that reached the VM; 0 for none. */
	readonly fence: number;
	/** The VM's clock, ms since 1970. */
	readonly clockMs: number;
	/** False if what bootstrap made is gone. */
	readonly bootstrapped: boolean;
	/** Text of applied.json; "" if there is none. */
	readonly applied: string;
	/** Expected files that aren't there. What they hold is not looked at: real jobs edit each other's. */
	readonly missingFiles: readonly string[];
	/** Names whose link leads elsewhere or nowhere. */
	readonly wrongJobs: readonly string[];
	readonly wrongPackages: readonly string[];
	/** Something is mounted at the expected mount point. */
	readonly mounted: boolean;
	/** Names of expected disks that are not where jobs look for them. */
	readonly missingDisks: readonly string[];
	/** Compare with `hostsDigest`; "" without a block. */
	readonly hosts: string;
	/** SHA-256 of records.json; "" if there is none. */
	readonly records: string;
	/** What the supervisor says; undefined if it is silent. */
	readonly processes: readonly ProcessStatus[] | undefined;
	readonly vitals: Vitals | undefined;
	/** What each of the expected services answered. */
	readonly services: z.infer<typeof serviceAnswersSchema>;
}

const program = `text_of() { # file: its whole text in REPLY
  REPLY=''
  if [ -f "$1" ]; then IFS= read -r -d '' REPLY <"$1" || true; fi
}
list() { # name value...: a JSON list in REPLY
  local item='' result=''
  for item; do json "$item"; result+=\${result:+,}$REPLY; done
  REPLY="[$result]"
}
missing=() wrong_jobs=() wrong_packages=() missing_disks=() mounted=false bootstrapped=false digest='' block=''
for file in \${files[@]+"\${files[@]}"}; do
  if [ ! -e "/var/vcap/jobs/$file" ]; then missing+=("$file"); fi
done
for path in \${jobs[@]+"\${jobs[@]}"}; do
  name=\${path%/*} name=\${name##*/}
  if [ ! "/var/vcap/jobs/$name" -ef "$path" ]; then wrong_jobs+=("$name"); fi
done
for path in \${packages[@]+"\${packages[@]}"}; do
  name=\${path%/*} name=\${name##*/}
  if [ ! "/var/vcap/packages/$name" -ef "$path" ]; then wrong_packages+=("$name"); fi
done
is_mounted() { # mount-point
  local place=''
  while read -r _ _ _ _ place _; do if [ "$place" = "$1" ]; then return 0; fi; done </proc/self/mountinfo
  return 1
}
if [ -n "$mount_point" ] && is_mounted "$mount_point"; then mounted=true; fi
for name in \${disks[@]+"\${disks[@]}"}; do
  if [ ! -b "${DISKS}/$name" ] && ! is_mounted "${DISKS}/$name"; then missing_disks+=("$name"); fi
done
if [ -s /var/vcap/instance/id ] && [ -x ${DAVIT}/boot ]; then bootstrapped=true; fi
fence_seen=0
if [ -s ${DAVIT}/fence ]; then read -r fence_seen <${DAVIT}/fence || true; fi
text_of /etc/hosts; hosts=$REPLY
if [[ $hosts == *"$begin"$'\\n'*"$end"* ]]; then
  block=\${hosts#*"$begin"$'\\n'} block=\${block%%"$end"*}
  read -r digest _ < <(printf %s "$block" | sha256sum)
fi
boot_id; boot=$REPLY
clock=\${EPOCHREALTIME:-} clock=\${clock/[.,]/}
if [ -n "$clock" ]; then clock=$((clock / 1000)); else printf -v clock '%(%s)T000' -1; fi
printf '{"bootId":"%s","fence":%d,"clockMs":%d,"bootstrapped":%s,"mounted":%s,"hosts":"%s"' \\
  "$boot" "$fence_seen" "$clock" "$bootstrapped" "$mounted" "$digest"
list \${missing[@]+"\${missing[@]}"}; printf ',"missingFiles":%s' "$REPLY"
list \${wrong_jobs[@]+"\${wrong_jobs[@]}"}; printf ',"wrongJobs":%s' "$REPLY"
list \${wrong_packages[@]+"\${wrong_packages[@]}"}; printf ',"wrongPackages":%s' "$REPLY"
list \${missing_disks[@]+"\${missing_disks[@]}"}; printf ',"missingDisks":%s' "$REPLY"
records=''
if [ -f /var/vcap/instance/dns/records.json ]; then read -r records _ < <(sha256sum /var/vcap/instance/dns/records.json); fi
printf ',"records":"%s"' "$records"
for pair in applied=${DAVIT}/applied.json uptime=/proc/uptime heartbeat=${DAVIT}/supervisor/heartbeat state=${DAVIT}/supervisor/state.json; do
  text_of "\${pair#*=}"; state=$REPLY; json "$REPLY"; printf ',"%s":%s' "\${pair%%=*}" "$REPLY"
done
ended_processes "$state"; json "$REPLY"; printf ',"ended":%s' "$REPLY"
if [ "\${#services[@]}" -gt 0 ]; then ask_services; printf ',"services":%s' "$services_said"; fi
if [ -n "$want_vitals" ]; then vitals; printf ',"vitals":%s' "$vitals"; fi
printf '}\\n'
`;

/** One round trip that changes nothing and needs no fence: what the VM is, for {@link parseProbe}. Few forks, since a fleet is asked at once. */
export function probeScript(expected: ProbeExpectation = {}): string {
	const { files = [], jobs = [], packages = [], mountPoint = "", disks = [], services = [], vitals = false } = expected;
	return script(
		bootIdFunction,
		endedFunction,
		assignList(
			"files",
			files.map((path) => jobFilePath(path.split("/")[0] ?? "", path)),
		),
		assignList(
			"jobs",
			jobs.map(({ name, digest }) => jobPath(name, digest)),
		),
		assignList(
			"packages",
			packages.map(({ name, fingerprint }) => packagePath(name, fingerprint)),
		),
		assign("mount_point", mountPoint),
		assignList("disks", disks),
		assignServices(services),
		assign("want_vitals", vitals ? "yes" : ""),
		assign("begin", HOSTS_BEGIN),
		assign("end", HOSTS_END),
		...(services.length > 0 ? [servicesFunction] : []),
		...(vitals ? [vitalsFunction] : []),
		program,
	);
}

const strings = z.array(z.string());
const schema = z.object({
	bootId: z.string(),
	fence: z.number(),
	clockMs: z.number(),
	bootstrapped: z.boolean(),
	mounted: z.boolean(),
	hosts: z.string(),
	records: z.string(),
	missingFiles: strings,
	wrongJobs: strings,
	wrongPackages: strings,
	missingDisks: strings,
	applied: z.string(),
	uptime: z.string(),
	heartbeat: z.string(),
	state: z.string(),
	ended: z.string(),
	vitals: vitalsSchema.optional(),
	services: serviceAnswersSchema.default([]),
});

/** Reads what {@link probeScript} printed. Throws a ZodError or SyntaxError if that isn't it. */
export function parseProbe(stdout: string): ProbeResult {
	const { uptime, heartbeat, state, ended, vitals, ...rest } = schema.parse(JSON.parse(stdout));
	return { ...rest, vitals, processes: processesOf([uptime, heartbeat, state, ended].join("\0")) };
}

function processesOf(status: string): readonly ProcessStatus[] | undefined {
	try {
		return parseStatus(status);
	} catch {
		return undefined;
	}
}
