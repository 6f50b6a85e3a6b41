import { DATA, packagePath } from "./layout.ts";
import { intoPlace, type PackageBits, packFunction, presentFunction, unpackArchive } from "./package.ts";
import { keepArchive, PEER_ARCHIVES, type PeerArchive, roomFunction } from "./peer-archive.ts";
import { script } from "./prelude.ts";
import { assign } from "./shell.ts";

/** The comment of the run's key, by which its line in authorized_keys is known. */
export const PEER_KEY = "davit-peer";
/** A fetching VM that has no OpenSSH client (EX_UNAVAILABLE). */
export const NO_SSH_EXIT = 69;
/** A peer whose address could not be reached (EX_NOHOST). */
export const NO_ROUTE_EXIT = 68;

/** All that the key opens: one archive, by its name of hex digits. No slash and no dot gets into the path. */
const COMMAND = `case $SSH_ORIGINAL_COMMAND in ''|*[!0123456789abcdef]*) exit 1 ;; esac; exec cat ${PEER_ARCHIVES}/$SSH_ORIGINAL_COMMAND`;

const keysFile = `login_home=''
IFS=: read -r _ _ login_id login_group _ login_home _ < <(grep "^$login_user:" /etc/passwd) || true
keys_file=$login_home/.ssh/authorized_keys
keys=''
if [ -f "$keys_file" ]; then keys=$(grep -v ' ${PEER_KEY}$' "$keys_file" || [ $? = 1 ]); fi
`;

/**
 * Lets the holder of a key read an archive of an installed package for an hour: over SSH, as the login user, who can do nothing else with that key.
 * An archive that was not kept is packed again, and must come out the same. Fails with the reason on standard error.
 */
export function servePackageScript(
	bits: PackageBits,
	{ sha256, bytes }: PeerArchive,
	login: { readonly user: string; readonly publicKey: string },
): string {
	return script(
		presentFunction,
		roomFunction,
		packFunction,
		assign("target", packagePath(bits.name, bits.fingerprint)),
		assign("login_user", login.user),
		assign("public_key", login.publicKey),
		assign("command", COMMAND),
		`fence_release
if [ ! -f ${PEER_ARCHIVES}/${sha256} ]; then
  present "$target" || die "it isn't on this VM"
  has_room ${bytes} || die "there is no room for another archive"
  archive=$(mktemp ${DATA}/.davit-peer-XXXXXX)
  trap 'rm -f "$archive"' EXIT
  pack "$target" >"$archive"
  echo "${sha256}  $archive" | sha256sum --check --status || die "what is installed makes another archive"
  fence_hold
  ${keepArchive(sha256).replaceAll("\n", "\n  ")}
fi
exclusive peer
fence_hold
${keysFile}[ -d "$login_home/.ssh" ] || die "$login_user has no authorized_keys"
until=$(env -u TZ date -d '+1 hour' +%Y%m%d%H%M%S)
line="restrict,expiry-time=\\"$until\\",command=\\"$command\\" $public_key"
put "$keys_file" 0600 "$login_id:$login_group" "\${keys:+$keys$'\\n'}$line"$'\\n'`,
	);
}

/** Nobody reads anything there any more, and nothing of it is left. */
export function endServingScript(user: string): string {
	return script(
		assign("login_user", user),
		`exclusive peer
${keysFile}if [ -f "$keys_file" ] && grep -q ' ${PEER_KEY}$' "$keys_file"; then
  put "$keys_file" 0600 "$login_id:$login_group" "\${keys:+$keys$'\\n'}"
fi
rm -rf ${PEER_ARCHIVES} ${DATA}/.davit-peer-* /dev/shm/davit-peer-*`,
	);
}

/** Where a VM is for another one. */
export interface PeerAddress {
	readonly host: string;
	readonly port: number;
	readonly user: string;
	/** `ssh-ed25519 AAAA…`; one of these must be shown. */
	readonly hostKeys: readonly string[];
}

const SSH_OPTIONS = [
	...["BatchMode=yes", "IdentitiesOnly=yes", "PreferredAuthentications=publickey", "StrictHostKeyChecking=yes"],
	...["GlobalKnownHostsFile=/dev/null", "CheckHostIP=no", `HostKeyAlias=${PEER_KEY}`, "UpdateHostKeys=no"],
	...["ConnectTimeout=5", "ServerAliveInterval=5", "ServerAliveCountMax=4", "LogLevel=ERROR"],
];

/**
 * Installs the package from a peer. The run's private key comes on standard input and lies in memory only, until the script ends. Nothing is unpacked
 * before the digest is right, and nothing is written that is longer. A stream without a byte is given up after one to two times `silenceS` seconds.
 */
export function fetchFromPeerScript(bits: PackageBits, archive: PeerArchive, peer: PeerAddress, silenceS = 20): string {
	return intoPlace(bits, receive(archive, peer, silenceS), archive);
}

function receive(
	{ sha256, bytes }: PeerArchive,
	{ host, port, user, hostKeys }: PeerAddress,
	silenceS: number,
): string {
	const options = SSH_OPTIONS.map((option) => `-o ${option}`).join(" ");
	return `command -v ssh >/dev/null || { cat >/dev/null; echo "there is no ssh on this VM" >&2; exit ${NO_SSH_EXIT}; }
secret=$(mktemp -d /dev/shm/davit-peer-XXXXXX)
(umask 077; cat >"$secret/key")
${assign("known_hosts", hostKeys.map((key) => `${PEER_KEY} ${key}\n`).join(""))}
printf %s "$known_hosts" >"$secret/known_hosts"
${assign("host", host)}
${assign("user", user)}
exec {link}< <(
  ulimit -f ${Math.ceil(bytes / 1024)}
  ssh -F none ${options} -o UserKnownHostsFile="$secret/known_hosts" -i "$secret/key" -p ${port} -l "$user" -- "$host" ${sha256} \\
    >"$archive" 2>"$secret/said" </dev/null &
  echo $!
  wait $! && echo 0 || echo $?
)
read -r client <&"$link"
before=''
while true; do
  waited=0
  read -r -t ${silenceS} -u "$link" code || waited=$?
  if [ "$waited" = 0 ]; then break; fi
  if [ "$waited" -le 128 ]; then die "ssh was ended"; fi
  now=$(stat -c %s "$archive")
  if [ "$now" = "$before" ]; then kill "$client"; die "no byte came for ${silenceS} s"; fi
  before=$now
done
if [ "$code" != 0 ]; then
  tail -n 1 "$secret/said" >&2
  if grep -q '^ssh: connect to host' "$secret/said"; then exit ${NO_ROUTE_EXIT}; fi
  die "ssh ended with $code"
fi
${unpackArchive(sha256)}`;
}
