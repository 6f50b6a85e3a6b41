import { createHash } from "node:crypto";
import { script } from "./prelude.ts";
import { assign } from "./shell.ts";

export const HOSTS_BEGIN = "# davit: names of this deployment, written anew by every deploy";
export const HOSTS_END = "# davit: end";

/** The block, kept where no image's own tools write: cloud-init's `manage_etc_hosts` makes /etc/hosts anew at every boot. */
const KEPT = "/var/vcap/davit/hosts";

/** For the boot program: this VM's own name on 127.0.0.1, as bosh-agent has it (sudo looks it up at every call), and davit's block. */
export const restoreHosts = `if [ -s /etc/hostname ] && [ -w /etc/hosts ]; then
  read -r name </etc/hostname || true
  if ! grep -qE "^[^#]*[[:space:]]$name([[:space:]]|$)" /etc/hosts; then
    if [ -n "$(tail -c 1 /etc/hosts)" ]; then echo >>/etc/hosts; fi
    printf '127.0.0.1 %s\\n' "$name" >>/etc/hosts
  fi
fi
if [ -s ${KEPT} ] && ! grep -qxF '${HOSTS_BEGIN}' /etc/hosts; then
  printf '%s\\n' '${HOSTS_BEGIN}' "$(<${KEPT})" '${HOSTS_END}' >>/etc/hosts
fi
`;

/** /etc/hosts may be a mount of its own, which can't be renamed over: then it is written in place. Other lines stay. */
const program = `text='' skip=''
while IFS= read -r line || [ -n "$line" ]; do
  case $line in
    "$begin") skip=1 ;;
    "$end") skip='' ;;
    *) if [ -z "$skip" ]; then text+=$line$'\\n'; fi ;;
  esac
done </etc/hosts
mkdir -p /var/vcap/davit
put ${KEPT} 0644 root:root "$block"
if [ -n "$block" ]; then text+=$begin$'\\n'$block$'\\n'$end$'\\n'; fi
now=''
IFS= read -r -d '' now </etc/hosts || true
if [ "$now" = "$text" ]; then exit 0; fi
printf %s "$text" >/etc/hosts.davit-new
chmod 0644 /etc/hosts.davit-new
if ! mv -fT /etc/hosts.davit-new /etc/hosts 2>/dev/null; then
  printf %s "$text" >/etc/hosts
  rm -f /etc/hosts.davit-new
fi
`;

/** Replaces davit's block in /etc/hosts by the given lines; an empty text takes it away. Nothing is written if it stands there already. */
export function hostsScript(block: string): string {
	return script(
		"if [ ! -e /etc/hosts ]; then printf '127.0.0.1 localhost\\n' >/etc/hosts; fi",
		assign("begin", HOSTS_BEGIN),
		assign("end", HOSTS_END),
		assign("block", block.replace(/\n+$/, "")),
		program,
	);
}

/** What the probe reports when /etc/hosts holds this block. */
export function hostsDigest(block: string): string {
	const text = block.replace(/\n+$/, "");
	return text === "" ? "" : createHash("sha256").update(`${text}\n`).digest("hex");
}

/** Writes `instance/dns/records.json` from standard input, only if it differs: bosh-dns reads it again whenever it changes. */
export function recordsScript(): string {
	return script(`fence_release
IFS= read -r -d '' records || true
if [ -z "$records" ]; then die "no DNS records came"; fi
fence_hold
put /var/vcap/instance/dns/records.json 0640 root:vcap "$records"`);
}
