import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openWorld, type World } from "../support/acceptance.ts";
import { golden } from "../support/acceptance-golden.ts";
import { oneUser } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const MIB = 1024 * 1024;

describe.each(oneUser)("scp as $name", (user) => {
	let world: World;
	const local = (path: string) => join(world.folder, path);
	const read = (path: string) => readFileSync(local(path), "utf8");
	const on = async (instance: string, line: string) => (await world.davit(["ssh", instance, "-c", line])).stdout;
	const sorted = (text: string) => golden(text, world.folder).trimEnd().split("\n").sort();
	/** All paths below a folder of the world's. */
	const below = (path: string) => readdirSync(local(path), { recursive: true }).map(String).sort();

	beforeAll(async () => {
		world = openWorld(user);
		writeTinyRelease(world, "release", { jobs: { app: {} } });
		world.write("tiny.yml", tinyManifest([tinyGroup("web", "app", { instances: 2 }), tinyGroup("db", "app")]));
		world.write("하나 둘.txt", "안녕\n");
		world.write("folder/run", "#!/bin/sh\n", 0o755);
		world.write("folder/inner/empty", "");
		symlinkSync("run", local("folder/link"));
		const { code, stderr } = await world.davit(["deploy", "tiny.yml"]);
		expect(code, stderr).toBe(0);
	});
	afterAll(() => world.close());

	test("a file comes and goes under its name, with spaces and Korean letters, and nothing of it is left beside", async () => {
		const sent = await world.davit(["scp", "하나 둘.txt", "web/0:"]);
		expect({ ...sent, stderr: golden(sent.stderr) }).toEqual({
			code: 0,
			stdout: "",
			stderr: "✓ Copied 1 file (1 KiB) to web/0 (N s)\n",
		});
		expect(await on("web/0", "cat '하나 둘.txt'; stat -c %U:%a '하나 둘.txt'")).toMatch(/^안녕\n(davit|root):644\n$/);
		mkdirSync(local("got"));
		if (user.id !== undefined) chmodSync(local("got"), 0o777);
		expect(await world.davit(["scp", "web/0:하나 둘.txt", "got"])).toMatchObject({ code: 0 });
		expect(below("got")).toEqual(["하나 둘.txt"]);
		expect(read("got/하나 둘.txt")).toBe("안녕\n");
	});

	test("a folder goes to a whole group with -r, modes and empty files too, links as what they lead to", async () => {
		const { code, stderr } = await world.davit(["scp", "-r", "folder", "web:/tmp/copies/"]);
		expect(code, stderr).toBe(0);
		for (const instance of ["web/0", "web/1"])
			expect(await on(instance, "cd /tmp/copies/folder; find . ! -name . -printf '%P %y %m\\n' | sort; ls -A ..")).toBe(
				"inner d 755\ninner/empty f 644\nlink f 755\nrun f 755\nfolder\n",
			);
	});

	test("what comes from several instances lies in a folder for each, or where the placeholders say", async () => {
		expect(await world.davit(["scp", "-r", "web:/tmp/copies/folder", "several"])).toMatchObject({ code: 0 });
		const files = ["", "/inner", "/inner/empty", "/link", "/run"].map((path) => `folder${path}`);
		expect(below("several")).toEqual(
			["web-0", "web-1"].flatMap((name) => [name, ...files.map((file) => `${name}/${file}`)]).sort(),
		);
		expect(statSync(local("several/web-1/folder/run")).mode & 0o777).toBe(0o755);
		const placed = await world.davit(["scp", "all:/etc/hostname", "((group))-((index)).((instance_id)).txt"]);
		expect(placed.code, placed.stderr).toBe(0);
		const made = readdirSync(world.folder).filter((name) => name.endsWith(".txt") && name.includes("-"));
		expect(made.map((name) => golden(name)).sort()).toEqual(["db-0.UUID.txt", "web-0.UUID.txt", "web-1.UUID.txt"]);
	});

	test("a file that is replaced keeps its owner and mode, on the VM and here", async () => {
		await on("db/0", "cd /tmp; echo old >conf; sudo chown vcap:vcap conf; sudo chmod 640 conf");
		world.write("conf", "new\n", 0o600);
		expect(await world.davit(["scp", "conf", "db/0:/tmp/conf"])).toMatchObject({ code: 0 });
		expect(await on("db/0", "sudo stat -c %a /tmp/conf; sudo cat /tmp/conf; ls -A /tmp | grep davit")).toBe(
			"640\nnew\n",
		);
		expect(await world.davit(["scp", "db/0:/etc/hostname", "conf"])).toMatchObject({ code: 0 });
		expect([read("conf"), statSync(local("conf")).mode & 0o777]).toEqual(["db-0\n", 0o600]);
	});

	test("files that only root may read come too", async () => {
		const { code, stderr } = await world.davit(["scp", "-r", "db/0:/var/vcap/jobs/app", "job"]);
		expect(code, stderr).toBe(0);
		expect(below("job")).toContain("bin/ctl");
	});

	test("a big file is the same at both ends", async () => {
		const path = world.write("big", "begin");
		truncateSync(path, 64 * MIB);
		const digest = createHash("sha256").update(readFileSync(path)).digest("hex");
		expect(await world.davit(["scp", "big", "db/0:/tmp/"])).toMatchObject({ code: 0 });
		expect(await on("db/0", "sha256sum </tmp/big")).toBe(`${digest}  -\n`);
		expect(await world.davit(["scp", "db/0:/tmp/big", "back"])).toMatchObject({ code: 0 });
		expect(
			createHash("sha256")
				.update(readFileSync(local("back")))
				.digest("hex"),
		).toBe(digest);
	});

	test.each(["to", "from"])(
		"interrupted while it copies %s: exit code 130, nothing on either side",
		async (direction) => {
			// Sparse: it takes no room, and long enough to be interrupted.
			const huge = 20 * 1024 * MIB;
			if (direction === "to") truncateSync(world.write("huge", ""), huge);
			else await on("db/0", `truncate -s ${huge} /tmp/huge`);
			const args = direction === "to" ? ["huge", "db/0:/tmp/there"] : ["db/0:/tmp/huge", "here"];
			const copying = world.start(["scp", ...args]);
			await copying.until((event) => event.type === "step-progress");
			copying.signal("SIGINT");
			expect(await copying.ended).toMatchObject({ code: 130 });
			expect(readdirSync(world.folder).filter((name) => name === "here" || name.startsWith(".davit-"))).toEqual([]);
			const gone = 'for n in $(seq 100); do [ -z "$(ls -A /tmp | grep -e there -e davit-)" ] && break; sleep 0.1; done';
			expect(await on("db/0", `${gone}; ls -A /tmp | grep -e there -e .davit-; true`)).toBe("");
			await on("db/0", "rm -f /tmp/huge");
		},
	);

	test("each instance tells its own error, the others get theirs", async () => {
		await on("web/1", "echo only >/tmp/only");
		const { code, stderr } = await world.davit(["scp", "web:/tmp/only", "only"]);
		expect(code).toBe(1);
		expect(sorted(stderr)).toEqual([
			"error: web/0 (10.77.0.100:22): the command ended with exit code 1: /tmp/only: no such file or folder",
			"✓ Copied 1 file (1 KiB) from web/1 (N s)",
			"✗ Copying from web/0 (N s)",
		]);
		expect(below("only")).toEqual(["web-1", "web-1/only"]);
	});

	test.each([
		["a local file that is missing", ["nope", "web/0:/tmp"], 1],
		["a folder without -r", ["folder", "web/0:/tmp"], 1],
		["a folder on the VM that is missing", ["tiny.yml", "db/0:/none/x"], 1],
		["between instances", ["web/0:x", "web/1:y"], 64],
		["no instance", ["tiny.yml", "copy.yml"], 64],
		["no target", ["web/0:x"], 64],
		["an instance that is not there", ["tiny.yml", "web/7:/tmp"], 64],
		["a device", ["web/0:/etc/hostname", "/dev/null"], 1],
	])("refuses %s", async (what, args, code) => {
		const outcome = await world.davit(["scp", ...args]);
		expect(outcome).toMatchObject({ code, stdout: "" });
		await expect(golden(outcome.stderr, world.folder)).toMatchFileSnapshot(
			`golden/scp-${what.replaceAll(" ", "-")}.golden`,
		);
	});
});
