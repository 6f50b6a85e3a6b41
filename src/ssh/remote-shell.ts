/** What the remote shell says first on standard error: it runs, as root, and this is its process id. */
const MARKER = /(?:^|\n)davit-shell (\d+)\n/;
/** Bytes of standard error without the marker after which it will not come any more. */
const MARKER_LIMIT = 64 * 1024;

/**
 * The remote command for a script of `length` bytes that is sent on standard input, before the data. Scripts hold secrets, and argv can
 * be seen by everybody on the VM. dd, not head: it is specified to read just one block, where some heads read ahead into the data.
 */
export function remoteCommand(user: string, length: number): string {
	const read = `dd bs=${length} count=1 iflag=fullblock status=none`;
	const bash = `/bin/bash --norc -c 'echo "davit-shell $$" >&2; eval "$(${read})"'`;
	return user === "root" ? bash : `sudo -n -H ${bash}`;
}

/**
 * The script as it is sent. In braces, bash reads all of it before it does any of it: of a script that was cut off by a lost
 * connection nothing runs.
 */
export function wrapScript(script: string): Buffer {
	return Buffer.from(`{ :; ${script}\n}\n`);
}

/** Takes the marker out of standard error. What comes before it is a login shell's or sudo's chatter, kept for messages. */
export interface MarkerFilter {
	/** What belongs to the script, as far as it is known. */
	filter(chunk: Buffer): Buffer;
	/** The remote shell's process id, once it has been told. */
	readonly pid: number | undefined;
	/** All of standard error so far, if the shell never told. */
	readonly chatter: string;
}

export function createMarkerFilter(): MarkerFilter {
	let pid: number | undefined;
	let chatter = "";
	return {
		get pid() {
			return pid;
		},
		get chatter() {
			return chatter;
		},
		filter(chunk) {
			if (pid !== undefined) return chunk;
			// One character a byte, so that the rest can be given back as it came.
			chatter = (chatter + chunk.toString("latin1")).slice(-MARKER_LIMIT);
			const found = MARKER.exec(chatter);
			if (!found) return Buffer.alloc(0);
			pid = Number(found[1]);
			const rest = chatter.slice(found.index + found[0].length);
			chatter = "";
			return Buffer.from(rest, "latin1");
		},
	};
}

/**
 * Ends a process and all its descendants: TERM, KILL for those that are left after two seconds. Bash's builtins and /proc: images
 * may lack pkill. Not by process group: some servers start commands in their own. A daemon that a script has started is no
 * descendant any more.
 */
export function endProcessScript(pid: number): string {
	return `declare -A children
for file in /proc/[0-9]*/stat; do
  { read -r line <"$file"; } 2>/dev/null || continue
  process=\${line%% *}; read -r _ parent _ <<<"\${line##*) }"
  children[$parent]+=" $process"
done
all=
collect() { local child; all+=" $1"; for child in \${children[$1]}; do collect "$child"; done; }
collect ${pid}
kill -TERM $all 2>/dev/null
for ((attempt = 0; attempt < 20; attempt++)); do
  kill -0 $all 2>/dev/null || exit 0
  sleep 0.1
done
kill -KILL $all 2>/dev/null
exit 0`;
}
