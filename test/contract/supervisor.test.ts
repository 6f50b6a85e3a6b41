import { readdir, readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { type Bench, bench, hasMonit } from "./supervisor-bench.ts";

/** A process check as releases write it; `kind` is how its process behaves (see the control script), `more` further statements. */
const processCheck = (name: string, kind = "", more = "") => `
check process ${name}
  with pidfile FOLDER/${name}.pid
  start program "CTL start ${name} ${kind}" with timeout 3 seconds
  stop program "CTL stop ${name} ${kind}" with timeout 3 seconds
  group vcap
  ${more}
`;

const running = (b: Bench, ...names: readonly string[]) =>
	b.until(`${names} run`, async () =>
		(await Promise.all(names.map((name) => b.status(name)))).every((s) => s === "running"),
	);
const called = (b: Bench, ...calls: readonly string[]) =>
	b.until(`${calls} were called`, async () => (await b.calls()).join() === calls.join());
const kill = async (b: Bench, name: string) => process.kill(await b.pid(name), "SIGKILL");

/**
 * One suite for real monit and for ours: the same files, the same processes, the same calls in the same order.
 * Where monit's version matters, BOSH's 5.2.5 is followed; those cases are in supervisor-davit.test.ts.
 */
const kinds = hasMonit ? (["davit", "monit"] as const) : (["davit"] as const);
describe.concurrent.each(kinds)("supervisor: %s", (kind) => {
	test("starts what is missing, once", async () => {
		await using b = await bench(kind, processCheck("a"));
		await running(b, "a");
		await b.cycles(2);
		expect(await b.calls()).toEqual(["start a"]);
	});

	test("starts a dead process again, without a stop", async () => {
		await using b = await bench(kind, processCheck("a"));
		await running(b, "a");
		const first = await b.pid("a");
		await kill(b, "a");
		await called(b, "start a", "start a");
		await running(b, "a");
		expect(await b.pid("a")).not.toBe(first);
	});

	test("stop and restart call the programs; a stopped process stays down", async () => {
		await using b = await bench(kind, processCheck("a"));
		await running(b, "a");
		await b.monit("restart", "a");
		await called(b, "start a", "stop a", "start a");
		await running(b, "a");
		await b.monit("stop", "a");
		await called(b, "start a", "stop a", "start a", "stop a");
		await b.until("a is not monitored", async () => (await b.status("a")) === "not monitored");
		await b.cycles(2);
		expect(await b.calls()).toHaveLength(4);
	});

	test("leaves an unmonitored process alone until it is monitored again", async () => {
		await using b = await bench(kind, processCheck("a"));
		await running(b, "a");
		await b.monit("unmonitor", "a");
		await b.until("a is not monitored", async () => (await b.status("a")) === "not monitored");
		await kill(b, "a");
		await b.cycles(2);
		expect(await b.calls()).toEqual(["start a"]);
		await b.monit("monitor", "a");
		await called(b, "start a", "start a");
		await running(b, "a");
	});

	test("starts parents first, stops dependents first", async () => {
		const chain = [processCheck("c", "", "depends on b"), processCheck("b", "", "depends on a"), processCheck("a")];
		await using b = await bench(kind, chain.join(""));
		await running(b, "a", "b", "c");
		expect(await b.calls()).toEqual(["start a", "start b", "start c"]);
		await b.monit("stop", "a");
		await called(b, "start a", "start b", "start c", "stop c", "stop b", "stop a");
		await b.until("a is not monitored", async () => (await b.status("a")) === "not monitored");
		await b.monit("start", "c");
		await running(b, "a", "b", "c");
		expect((await b.calls()).slice(6)).toEqual(["start a", "start b", "start c"]);
	});

	test("a parent's death takes its dependents down and up with it", async () => {
		await using b = await bench(kind, processCheck("a") + processCheck("b", "", "depends on a"));
		await running(b, "a", "b");
		await kill(b, "a");
		await called(b, "start a", "start b", "stop b", "start a", "start b");
		await running(b, "a", "b");
	});

	test("restarts what takes too much memory for too many cycles", async () => {
		await using b = await bench(kind, processCheck("a", "big", "if totalmem > 40 Mb for 2 cycles then restart"));
		await running(b, "a");
		await called(b, "start a", "stop a", "start a");
	});

	test("does nothing to what stays within its memory", async () => {
		await using b = await bench(kind, processCheck("a", "", "if totalmem > 40 Mb for 2 cycles then restart"));
		await running(b, "a");
		await b.cycles(3);
		expect(await b.calls()).toEqual(["start a"]);
	});

	test("tries a failed start again, and none of those that depend on it", async () => {
		await using b = await bench(kind, processCheck("a", "fails") + processCheck("b", "", "depends on a"));
		await b.until("it is tried again", async () => (await b.calls()).length >= 2);
		expect(new Set(await b.calls())).toEqual(new Set(["start a"]));
	});

	test("gives up after too many restarts", async () => {
		await using b = await bench(kind, processCheck("a", "crashes", "if 2 restarts within 10 cycles then unmonitor"));
		await b.until("a is given up", async () => (await b.status("a")) === "not monitored");
		const calls = (await b.calls()).length;
		await b.cycles(3);
		expect(await b.calls()).toHaveLength(calls);
		expect(calls).toBeGreaterThanOrEqual(2);
	});

	test("restarts a process whose port is closed for too many cycles", async () => {
		await using b = await bench(
			kind,
			processCheck("a", "", "if failed host 127.0.0.1 port 9 for 2 cycles then restart"),
		);
		await running(b, "a");
		await called(b, "start a", "stop a", "start a");
	});

	test("passive mode tells, and does nothing", async () => {
		await using b = await bench(kind, processCheck("a", "", "mode passive"));
		await b.until("a is missed", async () => (await b.status("a")) === "does not exist");
		await b.cycles(2);
		expect(await b.calls()).toEqual([]);
	});

	test("a file that is missing has its start program run", async () => {
		const file = `check file f with path FOLDER/f.file\n start program "CTL start f file"\n stop program "CTL stop f never"\n`;
		await using b = await bench(kind, file);
		await running(b, "f");
		expect((await b.calls()).at(-1)).toBe("start f");
		expect(await readdir(b.folder)).toContain("f.file");
	});

	test("a group's processes stop together", async () => {
		await using b = await bench(kind, processCheck("a") + processCheck("b").replace("vcap", "other"));
		await running(b, "a", "b");
		await b.monit("-g", "vcap", "stop", "all");
		await b.until("a is not monitored", async () => (await b.status("a")) === "not monitored");
		expect(await b.calls()).toEqual(expect.not.arrayContaining(["stop b"]));
		expect(await b.status("b")).toBe("running");
	});

	test("a pidfile that comes late, empty at first and with blanks, counts once it holds a number", async () => {
		await using b = await bench(kind, processCheck("a", "odd-pidfile"));
		await running(b, "a");
		await b.cycles(2);
		expect(await b.calls()).toEqual(["start a"]);
		expect(await readFile(`${b.folder}/a.pid`, "utf8")).toMatch(/^\n {2}\d+ \n\n$/);
	});

	test("files, filesystems, programs, hosts and the machine are tested as well", async () => {
		const text = `
check file size with path FOLDER/ctl
  if size > 3 B then exec "CTL beat size"
check file small with path FOLDER/ctl
  if size > 3 GB then exec "CTL beat small"
check file mode with path FOLDER/ctl
  if failed permission 600 then exec "CTL beat mode"
check file grows with path FOLDER/beats
  if changed size then exec "CTL beat grows"
check file old with path FOLDER/ctl
  if timestamp > 3 days then exec "CTL beat old"
check filesystem disk with path /
  if space usage > 0.1 % then exec "CTL beat disk"
check filesystem inodes with path /
  if inodes > 99 % then exec "CTL beat inodes"
check program bad with path "/bin/false"
  if status != 0 then exec "CTL beat bad"
check program good with path "/bin/true"
  if status != 0 then exec "CTL beat good"
check host closed with address 127.0.0.1
  if failed port 9 then exec "CTL beat closed"
check system machine
  if memory > 1 % then exec "CTL beat machine"
`;
		await using b = await bench(kind, text);
		const expected = ["bad", "closed", "disk", "grows", "machine", "mode", "size"].map((name) => `beat ${name}`);
		const called = async () => [...new Set(await b.calls())].sort();
		await b.until(`${expected} were called`, async () => (await called()).length >= expected.length);
		await b.cycles(2);
		expect(await called()).toEqual(expected);
	});

	test("an exec action runs its program", async () => {
		await using b = await bench(
			kind,
			processCheck("a", "big", `if totalmem > 40 Mb for 2 cycles then exec "CTL beat x"`),
		);
		await running(b, "a");
		await b.until("exec was called", async () => (await b.calls()).includes("beat x"));
	});
});
