import type { SimulatedMachine, SimulatedProgram } from "./machine.ts";
import { list, text } from "./script-text.ts";
import type { Call, Outcome } from "./scripts.ts";

const OUTDATED: Readonly<Record<string, readonly string[]>> = {
	"pre-stop": ["pre-start", "post-start", "post-deploy"],
	"pre-start": ["pre-stop", "drain", "post-stop", "post-start", "post-deploy"],
};

export async function hook(machine: SimulatedMachine, { script, fails }: Call): Promise<Outcome> {
	const name = text(script, "hook");
	for (const [program, was] of machine.programs)
		if (OUTDATED[name]?.includes(program.split(" ")[0] ?? "")) was.outdated = true;
	let stdout = "";
	for (const job of list(script, "jobs")) {
		const { code } = await attach(machine, name, job, text(script, "key"), fails);
		stdout += `${JSON.stringify({ job, code, seconds: 1, tail: "" })}\n`;
	}
	return { stdout };
}

export async function drain(machine: SimulatedMachine, { script, fails }: Call): Promise<Outcome> {
	const job = text(script, "job");
	const { code } = await attach(machine, "drain", job, text(script, "key"), fails);
	return { code, stdout: code === 0 ? "0\n" : "nonsense\n" };
}

export async function errand(machine: SimulatedMachine, { script, fails }: Call): Promise<Outcome> {
	const { code } = await attach(machine, "errand", text(script, "job"), text(script, "key"), fails);
	return { stdout: `${JSON.stringify({ exitCode: code, seconds: 1, stdout: "", stderr: "" })}\n` };
}

/** As detached.ts has it: one that runs is waited for, one whose end nobody heard is told, everything else begins anew. */
async function attach(
	machine: SimulatedMachine,
	name: string,
	job: string,
	key: string,
	fails: boolean,
): Promise<SimulatedProgram> {
	const { time } = machine.cloud;
	const { chance } = machine;
	const whole = `${machine.jobs.get(job)?.path} ${key}`;
	const id = `${name} ${job}`;
	const bootId = machine.bootId;
	const was = machine.programs.get(id);
	if (was && was.endsAt > time.now && (was.key !== whole || was.outdated)) await time.sleep(was.endsAt - time.now);
	let program = machine.programs.get(id);
	if (!program || program.told || program.outdated || program.key !== whole) {
		machine.order.push(`${job} ${name}`);
		const endsAt = time.now + chance.number(0, 4_000);
		program = { key: whole, endsAt, code: fails ? 1 : 0, output: "", told: false, outdated: false };
		machine.programs.set(id, program);
	}
	if (program.endsAt > time.now) await time.sleep(program.endsAt - time.now);
	if (machine.bootId === bootId && machine.answers) program.told = true;
	return program;
}
