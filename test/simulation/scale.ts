import { statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { notingHooks, tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";
import { SimulatedWorld } from "./world.ts";

/**
 * A big deployment on the simulated cloud: what davit itself costs beside what it waits for. Virtual time passes only in waits, so the real
 * time of a run is davit's own and the simulation's. `npm run bench:scale -- --instances 2000`.
 */
const { values } = parseArgs({ options: { instances: { type: "string", default: "2000" } } });
const instances = Number(values.instances);
const world = new SimulatedWorld({ seed: 1, page: 1_000 });
const cloud = {
	cpis: [{ name: "local", type: "local" }],
	azs: [{ name: "z1" }, { name: "z2" }, { name: "z3" }],
	vm_types: [{ name: "minimal" }],
	networks: [
		{
			name: "default",
			type: "manual",
			subnets: [{ range: "10.64.0.0/16", gateway: "10.64.0.1", azs: ["z1", "z2", "z3"] }],
		},
	],
	compilation: { workers: 4, az: "z1", network: "default", vm_type: "minimal" },
};

function writeInputs(port: number): void {
	writeTinyRelease(world, "release", {
		jobs: {
			app: {
				properties: { port: {} },
				templates: { "config/app": "<%= p('port') %>\n" },
				hooks: notingHooks(["pre-start", "post-start", "post-deploy", "drain"]),
				packages: ["words"],
			},
		},
		packages: { words: "echo words" },
	});
	const jobs = [{ name: "app", release: "tiny", properties: { port } }];
	const group = tinyGroup("app", jobs, { instances, azs: ["z1", "z2", "z3"] });
	const update = {
		canaries: 1,
		max_in_flight: 32,
		canary_watch_time: "1000-60000",
		update_watch_time: "1000-60000",
		initial_deploy_az_update_strategy: "parallel",
	};
	world.write("tiny.yml", tinyManifest([group], { update }));
	world.write("cloud.yml", `${JSON.stringify(cloud)}\n`);
}

async function measured(what: string, command: string, words: readonly string[], options: Record<string, unknown>) {
	const [virtual, real, cpu] = [world.time.now, performance.now(), process.cpuUsage()];
	const { code, text } = await world.davit(command, words, options);
	const seconds = (world.time.now - virtual) / 1_000;
	const own = (performance.now() - real) / 1_000;
	const { user, system } = process.cpuUsage(cpu);
	const peak = process.resourceUsage().maxRSS / 1024;
	const size = statSync(join(world.folder, "home/state.db")).size / 2 ** 20;
	console.log(
		`${what}: ${code === 0 ? "" : `FAILED (${text.slice(0, 300)}) `}${seconds.toFixed(0)} s waited for, ${own.toFixed(1)} s of davit and the simulation (${((own / seconds) * 100).toFixed(1)}%, processor ${((user + system) / 1e6).toFixed(1)} s), peak ${peak.toFixed(0)} MB, state ${size.toFixed(1)} MiB`,
	);
}

writeInputs(1);
const deploy = { nonInteractive: true, cloud: ["cloud.yml"] };
await measured("first deploy", "deploy", ["tiny.yml"], deploy);
await measured("deploy, unchanged", "deploy", ["tiny.yml"], deploy);
await measured("plan, unchanged", "plan", ["tiny.yml"], { cloud: ["cloud.yml"] });
await measured("plan --no-refresh, unchanged", "plan", ["tiny.yml"], { cloud: ["cloud.yml"], refresh: false });
writeInputs(2);
await measured("job change", "deploy", ["tiny.yml"], deploy);
world.close();
process.exit();
