import { afterAll, beforeAll, describe, expect } from "vitest";
import { openWorld, type World } from "../support/acceptance.ts";
import { onPath } from "../support/on-path.ts";
import { oneUser } from "../support/ordinary-user.ts";
import { onTerminal } from "../support/terminal.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";
import { deployCases } from "./terminal-deploy.ts";
import { logsCases } from "./terminal-logs.ts";
import { openSshCases } from "./terminal-openssh.ts";
import { proxyCases } from "./terminal-proxy.ts";
import { sshCases } from "./terminal-ssh.ts";

/** Answers with its instance's name on port 80, and notes each request in its log. */
const SERVER = `require("http").createServer((request, answer) => {
  console.log(request.url);
  answer.end(os.hostname() + "\\n");
}).listen(80)`;

const CONTROL = `#!/bin/bash
pidfile=/var/vcap/sys/run/app/app.pid
case $1 in
  start)
    setsid /opt/davit/node -e '${SERVER}' </dev/null >>/var/vcap/sys/log/app/app.log 2>&1 &
    echo $! >"$pidfile"
    ;;
  stop)
    kill -KILL "$(cat "$pidfile")"
    rm -f "$pidfile"
    ;;
esac
`;

// One deployment serves all: whoever changes it leaves it as it was.
describe.each(oneUser)("an operator at a terminal, as $name", (user) => {
	let world: World;
	const shown: Record<"interrupted" | "finished", string> = { interrupted: "", finished: "" };

	beforeAll(async () => {
		world = openWorld(user);
		writeTinyRelease(world, "release", { jobs: { app: { templates: { "bin/ctl": CONTROL } } } });
		world.write("tiny.yml", tinyManifest([tinyGroup("web", "app", { instances: 2 }), tinyGroup("db", "app")]));
		const deploy =
			'trap : INT; before=$(stty -g); davit deploy tiny.yml; echo "exit code $?"; [ "$before" = "$(stty -g)" ]';
		await onTerminal(world, deploy, async (terminal) => {
			await terminal.until(/Creating the VM of db\/0 (?!0\.0)\d/);
			terminal.type("\x03");
			await terminal.ended;
			shown.interrupted = terminal.shown;
		});
		await onTerminal(world, deploy, async (terminal) => {
			expect(await terminal.ended).toMatchObject({ code: 0 });
			shown.finished = terminal.shown;
		});
	});
	afterAll(() => world.close());

	describe("deploy", () => deployCases(() => world, shown));
	describe("ssh", () => sshCases(() => world));
	describe.skipIf(!onPath("ssh", "scp"))("ssh-config (needs OpenSSH)", () => openSshCases(() => world));
	describe("logs", () => logsCases(() => world));
	describe.skipIf(!onPath("curl"))("proxy (needs curl)", () => proxyCases(() => world));
});
