import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FENCED_EXIT, fenced } from "../../../src/machine/fence.ts";
import { script } from "../../../src/machine/prelude.ts";
import { openSandbox, type Sandbox } from "./sandbox.ts";

let vm: Sandbox;
beforeAll(async () => {
	vm = await openSandbox();
});
afterAll(() => vm.close());

test("a lower number is refused, an equal and a higher one go on", async () => {
	expect(await vm.run(fenced(script("echo five"), 5))).toMatchObject({ code: 0, stdout: "five\n" });
	expect(await vm.run(fenced(script("echo again"), 5))).toMatchObject({ code: 0, stdout: "again\n" });
	expect(await vm.run(fenced(script("echo late"), 4))).toMatchObject({
		code: FENCED_EXIT,
		stdout: "",
		stderr: "fenced: this VM obeys holder 5, this script is of holder 4\n",
	});
	expect(await vm.run(fenced(script("cat /var/vcap/davit/fence"), 12))).toMatchObject({ code: 0, stdout: "12\n" });
});

test("a new holder waits for an old short script and not for one that released the lock", async () => {
	const short = vm.start(fenced(script("echo started; read -r _; echo done >/tmp/short"), 20));
	await once(short.stdout ?? short, "data");
	const next = vm.run(fenced(script("cat /tmp/short"), 21));
	short.stdin?.end("go\n");
	expect(await next).toMatchObject({ code: 0, stdout: "done\n" });

	const long = vm.start(fenced(script("fence_release; echo started; read -r _; fence_hold; echo done >/tmp/long"), 21));
	await once(long.stdout ?? long, "data");
	expect(await vm.run(fenced(script("echo new"), 22))).toMatchObject({ code: 0, stdout: "new\n" });
	long.stdin?.end("go\n");
	expect(await once(long, "close")).toEqual([FENCED_EXIT, null]);
	expect(await vm.run("cat /tmp/long")).toMatchObject({ code: 1 });
});

test("scripts of one holder don't wait for each other", async () => {
	const one = vm.start(fenced(script("echo started; read -r _"), 30));
	await once(one.stdout ?? one, "data");
	expect(await vm.run(fenced(script("echo other"), 30))).toMatchObject({ code: 0, stdout: "other\n" });
	one.stdin?.end();
	await once(one, "close");
});

test("a fence file that holds no number counts as none", async () => {
	await vm.run("echo rubbish >/var/vcap/davit/fence");
	expect(await vm.run(fenced(script("echo ok"), 1))).toMatchObject({ code: 0 });
});

test("a fencing number is a positive whole number", () => {
	expect(() => fenced("", 0)).toThrow(RangeError);
});
