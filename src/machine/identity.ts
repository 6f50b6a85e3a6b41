import { z } from "zod";
import { STORE } from "./layout.ts";
import { script } from "./prelude.ts";
import { assign } from "./shell.ts";

/** Which instance a VM is, and what it was last brought to, as it says itself. */
export interface MachineIdentity {
	readonly id: string;
	/** The instance group's name. */
	readonly group: string;
	readonly index: number;
	readonly az: string;
	readonly bootstrap: boolean;
	readonly deployment: string;
	/** In the manifest's order, with the addresses that davit chose. */
	readonly networks: Readonly<Record<string, { readonly ip?: string | undefined }>>;
	/** `os/version` */
	readonly stemcell: string;
	/** By name: what `/var/vcap/jobs/NAME` and `/var/vcap/packages/NAME` lead to, the last part of it. */
	readonly jobs: Readonly<Record<string, string>>;
	readonly packages: Readonly<Record<string, string>>;
	/** By path below `/var/vcap/jobs`, such as `postgres/bin/ctl`: SHA-256 of the jobs' files, in hex. */
	readonly files: ReadonlyMap<string, string>;
	/** What is mounted as the persistent disk. `byCloud`: a folder, which the guest has not mounted itself. */
	readonly store?: { readonly byCloud: boolean; readonly fileSystem: string };
}

const program = `text_of() { # file: its text, without the newline at its end, in REPLY as JSON
  local text=''
  if [ -f "$1" ]; then IFS= read -r -d '' text <"$1" || true; fi
  json "\${text%$'\\n'}"
}
links() { # folder: a JSON map of its links' names to the last parts of what they lead to, in REPLY
  local link='' target='' result=''
  for link in "$1"/*; do
    if [ ! -L "$link" ]; then continue; fi
    target=$(readlink "$link")
    json "\${link##*/}"; result+=\${result:+,}$REPLY:
    json "\${target##*/}"; result+=$REPLY
  done
  REPLY="{$result}"
}
comma=''
part() { printf '%s"%s":%s' "$comma" "$1" "$2"; comma=,; }
printf '{'
for pair in id=instance/id group=instance/name az=instance/az deployment=instance/deployment \\
  os=bosh/etc/operating_system version=bosh/etc/stemcell_version spec=bosh/spec.json; do
  text_of "/var/vcap/\${pair#*=}"; part "\${pair%%=*}" "$REPLY"
done
links /var/vcap/jobs; part jobs "$REPLY"
links /var/vcap/packages; part packages "$REPLY"
sums=''
if [ -d /var/vcap/jobs ]; then
  sums=$(cd /var/vcap/jobs && find -L . -mindepth 2 -path './*/packages' -prune -o -type f -print0 | sort -z | xargs -0 -r sha256sum)
fi
json "$sums"; part files "$REPLY"
root='' type=''
while read -r _ _ _ from place _ rest; do
  if [ "$place" = "$mount_point" ]; then root=$from type=\${rest#*- } type=\${type%% *}; fi
done </proc/self/mountinfo
json "$root"; part storeRoot "$REPLY"
json "$type"; part storeType "$REPLY"
printf '}\\n'
`;

/** One round trip that changes nothing and needs no fence, for {@link parseIdentity}. */
export function identityScript(): string {
	return script(assign("mount_point", STORE), program);
}

const links = z.record(z.string(), z.string());
const said = z.object({
	...{ id: z.string(), group: z.string(), az: z.string(), deployment: z.string(), os: z.string(), version: z.string() },
	...{
		spec: z.string(),
		jobs: links,
		packages: links,
		files: z.string(),
		storeRoot: z.string(),
		storeType: z.string(),
	},
});
const specJson = z.object({
	index: z.number().int().nonnegative(),
	bootstrap: z.boolean(),
	networks: z.record(z.string(), z.object({ ip: z.string().optional() })),
});

/** Reads what {@link identityScript} printed. Undefined: davit has never prepared this VM, or not to the end. Throws a ZodError or SyntaxError if that isn't it. */
export function parseIdentity(stdout: string): MachineIdentity | undefined {
	const { os, version, spec, files, storeRoot, storeType, ...rest } = said.parse(JSON.parse(stdout));
	if (rest.id === "" || spec === "") return undefined;
	return {
		...rest,
		...specJson.parse(JSON.parse(spec)),
		stemcell: `${os}/${version}`,
		files: new Map(files.split("\n").flatMap(sumOf)),
		// A disk of the VM's own is mounted whole; a folder of another machine's file system is not.
		...(storeRoot === "" ? {} : { store: { byCloud: storeRoot !== "/", fileSystem: storeType } }),
	};
}

/** A line of sha256sum. */
function sumOf(line: string): (readonly [string, string])[] {
	const [, sum, path] = /^([0-9a-f]{64}) [ *]\.\/(.+)$/.exec(line) ?? [];
	return sum !== undefined && path !== undefined ? [[path, sum]] : [];
}
