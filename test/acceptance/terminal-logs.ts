import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import type { World } from "../support/acceptance.ts";
import { golden } from "../support/acceptance-golden.ts";
import { run } from "../support/acceptance-process.ts";
import { onTerminal } from "../support/terminal.ts";

const LOG = "/var/vcap/sys/log/app/app.log";

/** What `davit logs` gets from VMs, and how it ends when it follows. */
export function logsCases(at: () => World): void {
	const on = async (selector: string, line: string) => (await at().davit(["ssh", selector, "-c", line])).stdout;
	const append = (selector: string, ...lines: readonly string[]) =>
		on(selector, `printf '%s\\n' ${lines.join(" ")} | sudo tee -a ${LOG}`);
	const shell = async (line: string) => (await run(at().command(["sh", "-c", line]))).stdout;
	const archives = (folder: string) =>
		readdirSync(join(at().folder, folder))
			.sort()
			.map((name) => name.replace(/-\d{8}-\d{6}-\d{3}/, "-TIME"));

	test("an archive of each instance of a group, which tar reads", async () => {
		await append("web", "one", "두울", "three");
		const { code, stdout, stderr } = await at().davit(["logs", "web", "--dir", "archives"]);
		expect({ code, stderr: golden(stderr).trimEnd().split("\n").sort() }).toEqual({
			code: 0,
			stderr: ["web/0", "web/1"].map((name) => `✓ Fetched the logs of ${name} (1 KiB) (N s)`),
		});
		expect(stdout).toMatch(/^instance +file\nweb\/0 +\S+\/archives\/tiny\.web\.0-\S+\.tgz\nweb\/1 +\S+\.tgz\n$/);
		expect(archives("archives")).toEqual(["tiny.web.0-TIME.tgz", "tiny.web.1-TIME.tgz"]);
		expect(await shell("tar tzf archives/tiny.web.1-*")).toBe("app/app.log\n");
		expect(await shell("tar xzOf archives/tiny.web.1-*")).toBe("one\n두울\nthree\n");
	});

	test("--all-logs takes rotated files, --job and --only choose, and that nothing matches is said", async () => {
		await on(
			"web/0",
			`echo old | sudo tee ${LOG}.1; sudo mkdir /var/vcap/sys/log/other; sudo touch /var/vcap/sys/log/other/a.log`,
		);
		const list = async (...options: readonly string[]) => {
			const { stderr } = await at().davit(["logs", "web/0", "--dir", "chosen", ...options]);
			const names = await shell("tar tzf chosen/*; rm -r chosen");
			return [names.trimEnd().split("\n").join(" "), ...stderr.split("\n").filter((line) => line.startsWith("web/0"))];
		};
		expect(await list()).toEqual(["app/app.log other/a.log"]);
		expect(await list("--all-logs", "--job", "app")).toEqual(["app/app.log app/app.log.1"]);
		expect(await list("--only", "*.1,none", "--job", "app")).toEqual(["app/app.log.1"]);
		expect(await list("--job", "nope")).toEqual(["", "web/0: no log matches"]);
	});

	test("--num shows the last lines: of one instance as they are, of several with their names", async () => {
		const one = await at().davit(["logs", "web/1", "--num", "2"]);
		expect(one).toEqual({ code: 0, stdout: "==> app/app.log <==\n두울\nthree\n", stderr: "" });
		const several = await at().davit(["logs", "web", "--num", "1", "--job", "app"]);
		expect(several.stdout.split("\n").sort()).toEqual(
			["", ...["web/0", "web/1"].flatMap((name) => [`${name}: ==> app/app.log <==`, `${name}: three`])].sort(),
		);
		expect(several).toMatchObject({ code: 0, stderr: "" });
	});

	test("-f shows lines as they come until Ctrl-C, which is not spoken of and leaves no process on the VM", async () => {
		await onTerminal(at(), 'trap : INT; davit logs web -f --num 1 --job app; echo "exit code $?"', async (terminal) => {
			await terminal.until(/three\r\n(.*\r\n)*.*three\r\n/);
			await append("web/1", "later");
			expect(await terminal.until(/later\r\n/)).toMatch(/web\/1: later\r\n$/);
			terminal.type("\x03");
			expect(await terminal.ended).toEqual({ code: 0, rest: "^Cexit code 130\r\n" });
		});
		await vi.waitFor(
			async () =>
				expect(await on("web", "cat /proc/[0-9]*/comm | grep -cx tail")).toMatch(/^web\/\d: 0\nweb\/\d: 0\n$/),
			60_000,
		);
	});

	test("-f --json names instance and stream with each line", async () => {
		const following = at().start(["logs", "web/1", "-f", "--num", "1"], { group: true });
		await following.until((event) => event.type === "output" && event.text === "later\n");
		following.signal("SIGINT");
		expect(await following.ended).toMatchObject({ code: 130, stderr: "" });
		expect(following.events.at(-1)).toEqual({ type: "output", text: "later\n", instance: "web/1", stream: "stdout" });
	});
}
