import process from "node:process";
import { expect, test } from "vitest";
import type { World } from "../support/acceptance.ts";
import { run } from "../support/acceptance-process.ts";
import { firstProcess, readState } from "../support/acceptance-state.ts";
import { onPath } from "../support/on-path.ts";
import { onTerminal } from "../support/terminal.ts";

/** Real curl through `davit proxy`. The router of a platform has its own test. */
export function proxyCases(at: () => World): void {
	const curl = async (...argv: readonly string[]) => run(at().command(["curl", "-sS", "--max-time", "60", ...argv]));

	test("two ports of two instances at once, which still answer after a VM lost its power and was deployed again", async () => {
		const line = 'trap : INT; davit proxy 0:db/0:80 [::1]:0:web/1:80; echo "exit code $?"';
		await onTerminal(at(), line, async (terminal) => {
			const [, db] = /127\.0\.0\.1:(\d+), for db\/0 port 80/.exec(await terminal.until(/db\/0 port 80\r\n/)) ?? [];
			const [, web] = /\[::1\]:(\d+), for web\/1 port 80/.exec(await terminal.until(/web\/1 port 80\r\n/)) ?? [];
			expect(await curl(`http://127.0.0.1:${db}/`)).toEqual({ code: 0, stdout: "db-0\n", stderr: "" });
			expect(await curl(`http://[::1]:${web}/a`, `http://[::1]:${web}/b`)).toMatchObject({ stdout: "web-1\nweb-1\n" });

			const before = readState(at().home).instances.find(({ group }) => group === "db")?.vm?.cid ?? "";
			process.kill(firstProcess(at().home, before), "SIGKILL");
			expect(await curl(`http://127.0.0.1:${db}/`)).toMatchObject({ stdout: "" });
			expect(await terminal.until(/error: .*\r\n/)).toContain("db/0");
			const { code, stderr } = await at().davit(["deploy", "tiny.yml"]);
			expect(code, stderr).toBe(0);
			expect(await curl(`http://127.0.0.1:${db}/`)).toEqual({ code: 0, stdout: "db-0\n", stderr: "" });

			terminal.type("\x03");
			const { code: last, rest } = await terminal.ended;
			expect({ last, end: rest.split("\r\n").at(-2) }).toEqual({ last: 0, end: "^Cexit code 0" });
		});
	});

	test.skipIf(!onPath("ssh"))(
		"through OpenSSH's configuration too: the way of a machine without davit's proxy",
		async () => {
			const line = "davit ssh-config db/0 >proxied; ssh -F proxied -W localhost:80 db/0";
			const { code, stdout } = await run(at().command(["bash", "-c", line], { stdin: "GET / HTTP/1.0\r\n\r\n" }));
			expect({ code, answer: stdout.split("\r\n\r\n")[1] }).toEqual({ code: 0, answer: "db-0\n" });
		},
	);
}
