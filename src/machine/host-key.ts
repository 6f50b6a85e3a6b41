import { script } from "./prelude.ts";

/**
 * The input is JSON, but its two values are plain base64 lines: a pattern finds them, `\n` is all that must be read.
 * Where systemd listens (ssh.socket) a server that is told to read anew would lose the socket that it was given; restarted it gets it again. Sessions stay.
 */
const program = `fence_release
IFS= read -r -d '' input || true
[[ $input =~ \\"privateKey\\":\\"([^\\"]*)\\" ]] || die "no private key came"
printf -v private %b "\${BASH_REMATCH[1]}"
[[ $input =~ \\"publicKey\\":\\"([^\\"]*)\\" ]] || die "no public key came"
printf -v public %b "\${BASH_REMATCH[1]}"
fence_hold
file=/etc/ssh/ssh_host_ed25519_key
mkdir -p /etc/ssh
put "$file.pub" 0644 root:root "\${public%$'\\n'}"$'\\n'
put "$file" 0600 root:root "\${private%$'\\n'}"$'\\n'
durable /etc/ssh
if [ -d /run/systemd/system ] && systemctl is-active --quiet ssh.socket sshd.socket; then
  for unit in ssh.service sshd.service; do systemctl try-restart "$unit" 2>/dev/null || true; done
elif [ -d /run/systemd/system ]; then
  systemctl try-reload-or-restart ssh.service 2>/dev/null || systemctl try-reload-or-restart sshd.service
elif [ -s /run/sshd.pid ]; then
  kill -HUP "$(</run/sshd.pid)"
else
  die "no SSH server to reload: /run/sshd.pid is empty or absent"
fi
`;

/**
 * Replaces the VM's ED25519 host key by the one on standard input, JSON with OpenSSH texts `privateKey` and `publicKey`, and has the
 * server read it; sessions that are open stay. That the new key is served is the caller's to check, by connecting anew.
 */
export function swapHostKeyScript(): string {
	return script(program);
}
