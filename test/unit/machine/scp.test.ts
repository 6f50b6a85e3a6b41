import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { receiveFilesScript, sendFilesScript } from "../../../src/machine/scp.ts";
import { idModes, openVm, type Sandbox } from "./sandbox.ts";

const names = (tar: Buffer) => execFileSync("tar", ["-t"], { input: tar }).toString().split("\n").slice(0, -1);

describe.each(idModes)("one id: $oneId", ({ oneId }) => {
	let vm: Sandbox;
	beforeAll(async () => {
		vm = await openVm({ oneId });
		await vm.run("mkdir -p /tmp/d/e; echo 1 >/tmp/d/e/f; echo 2 >/tmp/g; echo 3 >'/tmp/g h'; echo 4 >'/tmp/*'");
	});
	afterAll(() => vm.close());

	const out = async (line: string) => (await vm.run(line)).stdout;
	const tarOf = async (line: string) => (await vm.run(line)).bytes;
	const receive = (target: string, stdin: Buffer) => vm.run(receiveFilesScript(target, { owner: "davit" }), { stdin });

	test.each([
		["folders and files, under their last names", ["/tmp/d/", "/tmp/g"], ["./d/", "./d/e/", "./d/e/f", "./g"]],
		["globs", ["/tmp/g*"], ["./g", "./g h"]],
		["a file that is called like a glob", ["/tmp/*"], ["./*"]],
		["what counts from the login folder", ["tmp/g", "~/tmp/d"], ["./g", "./d/", "./d/e/", "./d/e/f"]],
	])("sends %s", async (_, paths, want) => {
		const ran = await vm.run(`cd /; ${sendFilesScript(paths, { recursive: true })}`);
		expect(ran).toMatchObject({ code: 0, stderr: "" });
		expect(names(ran.bytes)).toEqual(want);
	});

	test("sends nothing if anything is missing, and names all of it", async () => {
		const paths = ["/tmp/g", "/tmp/none", "/tmp/none*", "/tmp/d"];
		expect(await vm.run(sendFilesScript(paths, { recursive: false }))).toMatchObject({
			code: 1,
			stdout: "",
			stderr: "/tmp/none: no such file or folder; /tmp/none*: no such file or folder; /tmp/d is a folder: add -r\n",
		});
	});

	test("receives as scp does: into a folder, or under a new name", async () => {
		const folder = await tarOf("mkdir -p /tmp/in/sub; echo new >/tmp/in/sub/x; tar -c -C /tmp/in sub");
		const file = await tarOf("cd /tmp; echo one >one; tar -c one");
		const cases: [Buffer, string, string][] = [
			[folder, "/tmp/in2/", "/tmp/in2/sub/x"],
			[folder, "/tmp/in2/renamed", "/tmp/in2/renamed/x"],
			[file, "/tmp/in2", "/tmp/in2/one"],
			[file, "/tmp/in2/two", "/tmp/in2/two"],
		];
		for (const [stdin, target, made] of cases) {
			expect(await receive(target, stdin)).toMatchObject({ code: 0, stderr: "" });
			expect(await out(`cat ${made}`)).toMatch(/^(new|one)\n$/);
		}
		await vm.run("echo kept >/tmp/in2/sub/y");
		await receive("/tmp/in2", folder);
		expect(await out("ls -A /tmp/in2 /tmp/in2/sub")).toBe("/tmp/in2:\none\nrenamed\nsub\ntwo\n\n/tmp/in2/sub:\nx\ny\n");
	});

	test("what is new is the login user's, what is replaced keeps its owner and mode, and a link its place", async () => {
		const file = await tarOf("cd /tmp; echo new >conf; chmod 755 conf; tar -c conf");
		await vm.run("mkdir /tmp/own; cd /tmp/own; echo old >conf; chown vcap:vcap conf; chmod 640 conf; ln -s conf link");
		for (const target of ["/tmp/own/fresh", "/tmp/own/link"])
			expect(await receive(target, file)).toMatchObject({ code: 0 });
		const [davit, vcap] = oneId ? ["root", "root"] : ["davit", "vcap"];
		expect(await out("cd /tmp/own; stat -c '%N %U %a' conf fresh link; cat conf")).toBe(
			`'conf' ${vcap} 640\n'fresh' ${davit} 755\n'link' -> 'conf' root 777\nnew\n`,
		);
	});

	test.each([
		["a folder that isn't there", "/none/x", "tar -c -C /tmp g", "/none/: no such folder\n"],
		[
			"two files for one name",
			"/tmp/three",
			"cd /tmp; tar -c g d",
			"/tmp/three is no folder: it can take one file, not 2\n",
		],
		[
			"a folder's place",
			"/tmp",
			"mkdir -p /tmp/n; echo x >/tmp/n/d; tar -c -C /tmp/n d",
			"/tmp/d is a folder: a file can't take its place\n",
		],
		[
			"a device's place",
			"/dev/null",
			"tar -c -C /tmp g",
			"/dev/null is there, and is no file that could be replaced\n",
		],
	])("refuses %s", async (_, target, pack, stderr) => {
		expect(await receive(target, await tarOf(pack))).toMatchObject({ code: 1, stderr });
		expect(await out("find /tmp /dev -name '.davit-*'; [ -c /dev/null ] && echo whole")).toBe("whole\n");
	});

	test("of an archive that broke off nothing is kept", async () => {
		const whole = await tarOf("mkdir -p /tmp/in/sub; echo new >/tmp/in/sub/x; tar -c -C /tmp/in sub");
		const ran = await receive("/tmp/cut/", whole.subarray(0, 700));
		expect(ran.code).not.toBe(0);
		expect(await out("ls -A /tmp/cut")).toBe("");
	});
});
