import { join } from "node:path";
import type { World } from "./acceptance.ts";

/** BOSH's hooks and an errand's program, by file name in `bin/`. */
export type HookName = "pre-start" | "post-start" | "post-deploy" | "pre-stop" | "drain" | "post-stop" | "run";

/** A job of the tiny release. */
export interface TinyJob {
	/** By name: the spec's entry. */
	readonly properties?: Readonly<Record<string, { readonly default?: unknown }>>;
	/** Bodies of shell scripts. */
	readonly hooks?: Partial<Record<HookName, string>>;
	/** ERB text by path in the job. */
	readonly templates?: Readonly<Record<string, string>>;
	readonly packages?: readonly string[];
	readonly provides?: readonly unknown[];
	readonly consumes?: readonly unknown[];
	/** False: an empty monit file. */
	readonly process?: boolean;
}

/** Packages by name: the body of the packaging script, or that and the names of those that it needs. */
export type TinyPackages = Readonly<Record<string, string | { packaging: string; dependencies: readonly string[] }>>;

export interface TinyRelease {
	readonly name?: string;
	readonly jobs: Readonly<Record<string, TinyJob>>;
	readonly packages?: TinyPackages;
}

/** Writes a release folder of small jobs, each a process that sleeps and notes its starts; the answer is its path. */
export function writeTinyRelease(
	world: Pick<World, "write" | "folder">,
	folder: string,
	{ name = "tiny", jobs, packages = {} }: TinyRelease,
): string {
	const write = (path: string, text: string, mode?: number) => world.write(join(folder, path), text, mode);
	write("config/final.yml", `name: ${name}\n`);
	for (const [job, content] of Object.entries(jobs)) writeJob(job, content, write);
	for (const [package_, content] of Object.entries(packages)) {
		const { packaging, dependencies } =
			typeof content === "string" ? { packaging: content, dependencies: [] } : content;
		write(`packages/${package_}/spec`, yaml({ name: package_, dependencies, files: [] }));
		write(`packages/${package_}/packaging`, `set -e\n${packaging}\n`, 0o755);
	}
	return join(world.folder, folder);
}

function writeJob(job: string, content: TinyJob, write: (path: string, text: string, mode?: number) => void): void {
	const { hooks = {}, templates = {}, properties = {}, packages = [], provides = [], consumes = [] } = content;
	const runs = content.process !== false;
	const files: Record<string, string> = {
		...Object.fromEntries(Object.entries(hooks).map(([hook, body]) => [`bin/${hook}`, `#!/bin/bash\n${body}\n`])),
		...(runs ? { "bin/ctl": control(job) } : {}),
		...templates,
	};
	const names = Object.fromEntries(Object.keys(files).map((path) => [path.replaceAll("/", "-"), path]));
	for (const [name, path] of Object.entries(names)) write(`jobs/${job}/templates/${name}`, files[path] ?? "");
	write(`jobs/${job}/spec`, yaml({ name: job, templates: names, packages, properties, provides, consumes }));
	write(`jobs/${job}/monit`, runs ? monit(job) : "");
}

/** JSON is YAML. */
function yaml(value: unknown): string {
	return `${JSON.stringify(value, undefined, 2)}\n`;
}

function monit(job: string): string {
	return `check process ${job}
  with pidfile /var/vcap/sys/run/${job}/${job}.pid
  start program "/var/vcap/jobs/${job}/bin/ctl start"
  stop program "/var/vcap/jobs/${job}/bin/ctl stop"
  group vcap
`;
}

function control(job: string): string {
	return `#!/bin/bash
pidfile=/var/vcap/sys/run/${job}/${job}.pid
case $1 in
  start)
    ${note("start", job)}
    setsid sleep 1000000 </dev/null >/dev/null 2>&1 &
    echo $! >"$pidfile"
    ;;
  stop)
    ${note("stop", job)}
    [ ! -s "$pidfile" ] || kill -KILL "$(cat "$pidfile")" 2>/dev/null
    rm -f "$pidfile"
    ;;
esac
`;
}

/** A line of shell that notes what happened on the VM, in order: see {@link ORDER_FILE}. */
export function note(what: string, job = "app"): string {
	return `echo "${job} ${what}" >>${ORDER_FILE}`;
}

/** On the VM: lines such as `app pre-start`. It goes with the VM. */
const ORDER_FILE = "/var/vcap/sys/log/order";

/** Hooks that only note that they ran. */
export function notingHooks(names: readonly HookName[], job = "app"): Partial<Record<HookName, string>> {
	return Object.fromEntries(
		names.map((name) => [name, name === "drain" ? `${note(name, job)}\necho 0` : note(name, job)]),
	);
}

/** An instance group of a manifest, as data. */
export type Group = Readonly<Record<string, unknown>> & { readonly name: string };

/** One instance with a job of the tiny release; `more` goes over it. */
export function tinyGroup(name: string, job: string | readonly unknown[] = "app", more: object = {}): Group {
	return {
		name,
		azs: ["z1"],
		instances: 1,
		vm_type: "minimal",
		stemcell: "default",
		networks: [{ name: "default" }],
		jobs: typeof job === "string" ? [{ name: job, release: "tiny" }] : job,
		...more,
	};
}

/** A manifest of the tiny release, as YAML text. */
export function tinyManifest(
	groups: readonly Group[],
	{ name = "tiny", folder = "release", ...more }: { name?: string; folder?: string; [key: string]: unknown } = {},
): string {
	return yaml({
		name,
		releases: [{ name: "tiny", version: "create", url: `./${folder}` }],
		stemcells: [{ alias: "default", os: "local", version: "1" }],
		update: { canaries: 1, max_in_flight: 1, canary_watch_time: "100-30000", update_watch_time: "100-30000" },
		instance_groups: groups,
		...more,
	});
}
