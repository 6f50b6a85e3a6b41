import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { World } from "../support/acceptance.ts";
import { run } from "../support/acceptance-process.ts";
import { onPath } from "../support/on-path.ts";

/** What serves sftp, and scp since OpenSSH 9, on an embedded VM: Debian's openssh-sftp-server. */
const SFTP_SERVER = "/usr/lib/openssh/sftp-server";

/** What OpenSSH's own programs do with the configuration that `davit ssh-config` prints. */
export function openSshCases(at: () => World): void {
	const shell = (line: string) => run(at().command(["bash", "-c", line]));

	test("ssh: by both names, with exit code and without a word of davit's", async () => {
		const config = await shell("davit ssh-config --dir keys >config");
		expect(config).toEqual({ code: 0, stdout: "", stderr: expect.stringContaining("/keys/key: delete it when") });
		expect(statSync(join(at().folder, "keys/key")).mode & 0o777).toBe(0o600);
		for (const name of ["db/0", "db-0", "db-0.tiny"])
			expect(await shell(`ssh -F config ${name} 'hostname; exit 4'`)).toEqual({
				code: 4,
				stdout: "db-0\n",
				stderr: "",
			});
		expect(await shell("davit ssh-config db/0 --dir keys | ssh -F /dev/stdin db/0 true")).toMatchObject({ code: 0 });
	});

	test("an instance that is not in it, and a host key that is another one, are refused", async () => {
		await shell("davit ssh-config web/0 --dir one >web.config");
		expect(await shell("ssh -F web.config -o BatchMode=yes db-0 true")).toMatchObject({ code: 255 });
		const other = "sed -i 's/^web-0/old-0/; s/^db-0/web-0/' one/known_hosts; ssh -F web.config web-0 true";
		const { code, stderr } = await shell(other);
		expect({ code, stderr }).toEqual({ code: 255, stderr: expect.stringContaining("Host key verification failed") });
	});

	test.skipIf(!onPath(SFTP_SERVER)).each(["scp", "scp -O"])("%s: up, down and across two VMs", async (scp) => {
		const line = `set -e; printf '안녕\\n' >up.txt; cd "$PWD"
${scp} -q -F config up.txt db-0:/tmp/
${scp} -q -F config db-0:/tmp/up.txt down.txt
${scp} -q -3 -F config db-0:/tmp/up.txt web-1:/tmp/
ssh -F config web-1 cat /tmp/up.txt; cat down.txt; rm down.txt`;
		expect(await shell(line)).toEqual({ code: 0, stdout: "안녕\n안녕\n", stderr: "" });
	});

	test.skipIf(!onPath(SFTP_SERVER))("sftp: the commands of a batch", async () => {
		const batch = ["mkdir /tmp/by-sftp", "put up.txt /tmp/by-sftp/", "ls -1 /tmp/by-sftp", "rm /tmp/by-sftp/up.txt"];
		at().write("batch", `${batch.join("\n")}\n`);
		const { code, stdout, stderr } = await shell("sftp -q -F config -b batch db-0");
		expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
		expect(stdout).toContain("/tmp/by-sftp/up.txt\n");
	});

	test.skipIf(!onPath("rsync"))("rsync: a folder up and down (needs rsync)", async () => {
		at().write("folder/한글", "안녕\n");
		const line = "rsync -a -e 'ssh -F config' folder db-0:/tmp/ && rsync -a -e 'ssh -F config' db-0:/tmp/folder/ back";
		expect(await shell(line)).toEqual({ code: 0, stdout: "", stderr: "" });
		expect(readFileSync(join(at().folder, "back/한글"), "utf8")).toBe("안녕\n");
	});
}
