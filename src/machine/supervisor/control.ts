import { z } from "zod";
import { problem, UserError } from "../../errors.ts";
import { command, heredoc, quote } from "../shell.ts";
import { monitCommand } from "./monit-command.ts";
import { supervisorProgram } from "./program.ts";

/** Where the supervisor's files are on a VM. */
const SUPERVISOR = "/var/vcap/davit/supervisor";

/** What bootstrap installs: `start` runs in the foreground, `monit` answers at BOSH's path. */
export const supervisorFiles = {
	files: { run: supervisorProgram, monit: monitCommand },
	start: "run",
	monit: "monit",
} as const;

export type ControlAction = "start" | "stop" | "restart" | "monitor" | "unmonitor";

/** What is known of one check. `status` is `running` for a healthy check of any type, else monit's words in lower case. */
export interface ProcessStatus {
	readonly name: string;
	readonly type: string;
	readonly status: string;
	readonly monitored: boolean;
	/** What it was told and is still at. */
	readonly pending?: ControlAction;
	readonly pid?: number;
	readonly uptimeSeconds?: number;
	/** Resident memory of the process, and of it and its descendants. */
	readonly memKb?: number;
	readonly totalMemKb?: number;
	/** Percent of all processors, descendants included. */
	readonly cpuPercent?: number;
	/** How often the supervisor started it again by itself. */
	readonly restarts: number;
	/** Of the last start, stop or check program. */
	readonly exitStatus?: number;
	/** Why it isn't running. */
	readonly message?: string;
}

/** Neither running as it should nor on the way to what it was told. */
export function isFailing({ pending, monitored, status }: ProcessStatus): boolean {
	return pending === undefined && !(monitored && status === "running");
}

/** A script that puts the table in place and has the supervisor read it, waiting up to 20 s for one; checks that stay as they are aren't touched. */
export function writeTableScript(table: string): string {
	return `set -e
${heredoc(`cat >${SUPERVISOR}/table.new`, table)}
chmod 0600 ${SUPERVISOR}/table.new
mv -f ${SUPERVISOR}/table.new ${SUPERVISOR}/table
# Just after a boot it may be about to start.
for tries in {100..0}; do
  if said=$(${command(`${SUPERVISOR}/monit`, "reload")} 2>&1); then exit 0; fi
  if [ "$tries" -gt 0 ]; then sleep 0.2; fi
done
printf '%s\\n' "$said" >&2
exit 1
`;
}

/** A script that asks for an action and returns at once; what depends on the named checks goes along, as in monit. */
export function controlScript(action: ControlAction, names: "all" | readonly string[]): string {
	if (names === "all") return `${command(`${SUPERVISOR}/monit`, action, "all")}\n`;
	if (names.length === 0) return "";
	return `${command(`${SUPERVISOR}/monit`, action, ...names)}\n`;
}

/**
 * The shell function `ended_processes TEXT`: of a state.json's text, the numbers of processes that live no more, in REPLY. The supervisor looks
 * every ten seconds only. No fork, and no temporary file: the disk may be full. proc(5): the state is the 3rd field, the start the 22nd.
 */
export const endedFunction = `ended_processes() {
  local rest=$1 stat check='"pid":([0-9]+),"started":([0-9]+),'
  REPLY=''
  while [[ $rest =~ $check ]]; do
    rest=\${rest#*"\${BASH_REMATCH[0]}"} stat=''
    { IFS= read -r -d '' stat <"/proc/\${BASH_REMATCH[1]}/stat"; } 2>/dev/null || true
    set -- "\${BASH_REMATCH[1]}" "\${BASH_REMATCH[2]}" \${stat##*) }
    if [[ \${3:-X} == [ZX] || \${22:-} != "$2" ]]; then REPLY+="$1 "; fi
  done
}`;

/** A script that prints the state of all checks for `parseStatus`, without a fork. */
export function statusScript(): string {
	return `${endedFunction}
cd ${quote(SUPERVISOR)} || exit 1
for file in /proc/uptime heartbeat state.json; do
  text=''
  if [ -f "$file" ]; then IFS= read -r -d '' text <"$file"; fi
  printf '%s\\0' "$text"
done
ended_processes "$text"
printf '%s\\0' "$REPLY"
`;
}

const number = z.number().nullable();
const schema = z.object({
	version: z.literal(1),
	checks: z.array(
		z.object({
			name: z.string(),
			type: z.string(),
			status: z.string(),
			monitored: z.boolean(),
			pending: z.enum(["start", "stop", "restart", ""]),
			pid: number,
			started: number,
			memKb: number,
			totalMemKb: number,
			totalCpu: number,
			restarts: z.number(),
			exitStatus: number,
			message: z.string(),
		}),
	),
});

/** Longest silence of a living supervisor, in seconds: it beats every 5. */
const SILENCE_SECONDS = 60;

/** What `statusScript` printed, one entry a check in the table's order. A UserError if there is no supervisor at work. */
export function parseStatus(output: string): readonly ProcessStatus[] {
	const [uptimeText = "", beatText = "", stateText = "", endedText = ""] = output.split("\0");
	const now = Number.parseFloat(uptimeText) * 100;
	const beat = Number.parseInt(beatText, 10);
	if (!(now - beat <= SILENCE_SECONDS * 100) || beat > now + 100) throw silent();
	let state: z.infer<typeof schema>;
	try {
		state = schema.parse(JSON.parse(stateText));
	} catch {
		throw silent();
	}
	const ended = new Set(endedText.split(" ").map(Number));
	return state.checks.map((check) =>
		processStatus(check.pid !== null && ended.has(check.pid) ? gone(check) : check, now),
	);
}

function silent(): UserError {
	return new UserError(
		problem("supervisor-silent", "the supervisor of the VM doesn't run", {
			hint: "see `systemctl status davit-supervisor` and /var/vcap/davit/supervisor/log on the VM",
		}),
	);
}

type StateCheck = z.infer<typeof schema>["checks"][number];

/** As the supervisor will find it when it looks again. */
function gone(check: StateCheck): StateCheck {
	const seen = check.status === "running" ? { status: "does not exist", message: "its process has ended" } : {};
	return { ...check, ...seen, pid: null, started: null, memKb: null, totalMemKb: null, totalCpu: null };
}

function processStatus(check: StateCheck, now: number): ProcessStatus {
	const {
		name,
		type,
		status,
		monitored,
		pending,
		pid,
		started,
		memKb,
		totalMemKb,
		totalCpu,
		restarts,
		exitStatus,
		message,
	} = check;
	return {
		name,
		type,
		status,
		monitored,
		...(pending !== "" && { pending }),
		...(pid !== null && { pid }),
		...(started !== null && { uptimeSeconds: Math.max(0, Math.floor((now - started) / 100)) }),
		...(memKb !== null && { memKb }),
		...(totalMemKb !== null && { totalMemKb }),
		...(totalCpu !== null && { cpuPercent: totalCpu / 10 }),
		restarts,
		...(exitStatus !== null && { exitStatus }),
		...(message !== "" && { message }),
	};
}
