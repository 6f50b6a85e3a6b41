import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseMonit } from "../../src/machine/monit.ts";
import { monitCommand } from "../../src/machine/supervisor/monit-command.ts";
import { supervisorProgram } from "../../src/machine/supervisor/program.ts";
import { supervisorTable } from "../../src/machine/supervisor/table.ts";

const run = promisify(execFile);

/** A supervisor at work on a monit file, in a folder of its own. */
export interface Bench {
	readonly folder: string;
	/** Runs `monit ARGS`; resolves to its output, also when it fails. */
	readonly monit: (...args: readonly string[]) => Promise<string>;
	/** What jobs' programs were called, in order: `start a`, `stop a`. */
	readonly calls: () => Promise<readonly string[]>;
	/** A check's status in lower case, without `- start pending`. */
	readonly status: (name: string) => Promise<string>;
	readonly pid: (name: string) => Promise<number>;
	readonly until: (what: string, holds: () => Promise<boolean>) => Promise<void>;
	/** Resolves after that many further cycles of the supervisor. */
	readonly cycles: (count: number) => Promise<void>;
	readonly supervisor: () => ChildProcess;
	/** Writes the table again from this monit text, and has it read. davit only. */
	readonly reload: (text: string) => Promise<void>;
	/** Starts the supervisor once more, after its end. davit only. */
	readonly again: () => void;
	readonly [Symbol.asyncDispose]: () => Promise<void>;
}

/** Runs as `ctl start NAME [KIND]`: a process that behaves as KIND says, and keeps a pidfile as old ctl scripts do. */
const CTL = String.raw`#!/bin/bash
cd "$(dirname "$0")" || exit 1
echo "$1 $2" >>calls
up() { echo $! >>pids; echo $! >"$2.pid"; }
case $1:$3 in
  start:fails) exit 3 ;;
  start:slow) sleep 1; sleep 1000 >/dev/null 2>&1 & up "$@" ;;
  start:crashes) sleep 0.2 >/dev/null 2>&1 & up "$@" ;;
  start:big) setsid perl -e 'my $x = "x" x 60_000_000; sleep 1000' >/dev/null 2>&1 & up "$@" ;;
  start:foreground) echo $$ >>pids; echo $$ >"$2.pid"; exec sleep 1000 ;;
  start:odd-pidfile) : >"$2.pid"; sleep 0.5; sleep 1000 >/dev/null 2>&1 & echo $! >>pids; printf '\n  %s \n\n' $! >"$2.pid" ;;
  start:orphan) (setsid bash -c 'sleep 1000 & echo $! >>pids; echo $! >'"$2.pid"'; sleep 0.1 & disown' >/dev/null 2>&1 &) ;;
  start:file) : >"$2.file" ;;
  start:*) setsid sleep 1000 >/dev/null 2>&1 & up "$@" ;;
  stop:never) ;;
  stop:*)
    read -r pid <"$2.pid"
    kill "$pid"
    while [ -e "/proc/$pid" ] && ! grep -q '^State:.Z' "/proc/$pid/status"; do sleep 0.05; done
    rm -f "$2.pid" ;;
  beat:) ;;
esac
exit 0
`;

/** The check by whose program cycles are counted. */
const BEAT = "\ncheck program beat with path FOLDER/beat\n  if status != 0 then alert\n";

export const hasMonit = await run("monit", ["-V"]).then(
	() => true,
	() => false,
);

/** Puts the supervisor to work on the monit text, in which FOLDER stands for the folder and CTL for the control script. */
export async function bench(kind: "davit" | "monit", text: string): Promise<Bench> {
	const folder = await mkdtemp(join(tmpdir(), "supervisor-"));
	const place = (monit: string) => (monit + BEAT).replaceAll("CTL", "FOLDER/ctl").replaceAll("FOLDER", folder);
	await writeFile(join(folder, "ctl"), CTL);
	await writeFile(join(folder, "beat"), `#!/bin/bash\necho >>${folder}/beats\n`);
	await chmod(join(folder, "ctl"), 0o755);
	await chmod(join(folder, "beat"), 0o755);
	const { start, command, reload } = await (kind === "davit" ? davit : monit)(folder, place);
	await reload(text);
	const children = [start()];
	const lines = async (file: string) =>
		(await readFile(join(folder, file), "utf8").catch(() => "")).split("\n").slice(0, -1);
	const monitCall = (...args: readonly string[]) =>
		run(command[0] ?? "", [...command.slice(1), ...args], {
			env: { ...process.env, DAVIT_SUPERVISOR_ROOT: join(folder, "root") },
		}).then(
			({ stdout }) => stdout,
			(error: { stdout: string; stderr: string }) => error.stdout + error.stderr,
		);
	const until: Bench["until"] = async (what, holds) => {
		const end = Date.now() + 40_000;
		while (!(await holds())) {
			if (Date.now() > end)
				throw new Error(
					`${kind}: waited too long until ${what}\n${(await lines("calls")).join("\n")}\n${await monitCall("summary")}`,
				);
			await new Promise((resolve) => setTimeout(resolve, 50));
		}
	};
	return {
		folder,
		monit: monitCall,
		calls: () => lines("calls"),
		status: async (name) => statusIn(await monitCall("summary"), name),
		pid: async (name) => Number((await readFile(join(folder, `${name}.pid`), "utf8").catch(() => "0")).trim()),
		until,
		cycles: async (count) => {
			const target = (await lines("beats")).length + count;
			await until(`${count} cycles went by`, async () => (await lines("beats")).length >= target);
		},
		supervisor: () => children.at(-1) as ChildProcess,
		reload: async (next) => {
			await reload(next);
			await monitCall("reload");
		},
		again: () => {
			children.push(start());
		},
		[Symbol.asyncDispose]: async () => {
			for (const child of children) child.kill("SIGKILL");
			for (const pid of await lines("pids")) {
				try {
					process.kill(Number(pid), "SIGKILL");
				} catch {
					// It has ended already.
				}
			}
			await rm(folder, { recursive: true, force: true, maxRetries: 5 });
		},
	};
}

/** Both print a line a check, the one in a table, the other as monit 5.2.5 did. */
function statusIn(summary: string, name: string): string {
	const line =
		summary.split("\n").find((each) => each.includes(` '${name}'`) || each.trimStart().startsWith(`${name} `)) ?? "";
	const words = line.includes(` '${name}'`) ? line.replace(/^.*?'[^']*'/, "") : line.trim().replace(/^\S+/, "");
	const status = words
		.replace(/ - \w+ pending.*/, "")
		.replace(/\s+(Process|File|Program|Directory|System)\s*$/, "")
		.trim()
		.toLowerCase();
	return status === "ok" || status === "accessible" ? "running" : status;
}

interface Kind {
	readonly start: () => ChildProcess;
	readonly command: readonly string[];
	readonly reload: (text: string) => Promise<void>;
}

async function davit(folder: string, place: (text: string) => string): Promise<Kind> {
	const root = join(folder, "root");
	await mkdir(root);
	await writeFile(join(root, "run"), supervisorProgram);
	await writeFile(join(root, "monit"), monitCommand, { mode: 0o755 });
	return {
		start: () =>
			spawn("bash", [join(root, "run")], { env: { ...process.env, DAVIT_SUPERVISOR_ROOT: root }, stdio: "ignore" }),
		command: ["bash", join(root, "monit")],
		reload: async (text) => {
			const { checks, problems } = parseMonit(place(text), { release: "r", job: "j", file: "monit" });
			if (problems.length > 0) throw new Error(JSON.stringify(problems));
			await writeFile(join(root, "table"), supervisorTable(checks, { cycleSeconds: 1, autostart: true }));
		},
	};
}

async function monit(folder: string, place: (text: string) => string): Promise<Kind> {
	const control = join(folder, "monitrc");
	const settings = [
		"daemon 1",
		`httpd unixsocket ${folder}/sock\n allow u:p`,
		`pidfile ${folder}/monit-pid`,
		`statefile ${folder}/monit-state`,
		`idfile ${folder}/monit-id`,
		`logfile ${folder}/monit-log`,
	];
	return {
		start: () => spawn("monit", ["-I", "-c", control], { stdio: "ignore" }),
		command: ["monit", "-B", "-c", control],
		reload: async (text) => {
			await writeFile(control, `${settings.map((line) => `set ${line}\n`).join("")}${place(text)}`, { mode: 0o600 });
		},
	};
}
