import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withWorld } from "../support/acceptance.ts";
import { onPath } from "../support/on-path.ts";
import { users } from "../support/ordinary-user.ts";
import { tinyGroup, tinyManifest, writeTinyRelease } from "../support/tiny-release.ts";

const localCloud = readFileSync(join(import.meta.dirname, "../../manifests/cloud/local.yml"), "utf8");

const READ = `cat /var/vcap/bosh/etc/ntpserver; echo
bash -lc 'echo "$HTTPS_PROXY $no_proxy"'
openssl verify -CAfile /etc/ssl/certs/ca-certificates.crt /dev/stdin <<'TEXT'
CERTIFICATE
TEXT`;

test.skipIf(!onPath("openssl")).each(users.slice(0, 1))(
	"what the cloud file gives every VM is there, and a change of it means another VM, as $name (needs openssl)",
	(user) =>
		withWorld(user, async (world) => {
			const request =
				"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -days 2 -subj /CN=own-ca";
			const certificate = execFileSync("openssl", request.split(" "), {
				encoding: "utf8",
				stdio: ["ignore", "pipe", "ignore"],
			});
			writeTinyRelease(world, "release", { jobs: { app: {} } });
			world.write("tiny.yml", tinyManifest([tinyGroup("web", "app")]));
			const cloud = (ntp: string) => `${localCloud}
ntp: [${ntp}]
proxy: {https_proxy: "http://proxy.test:3128", no_proxy: .internal}
trusted_certs: ${JSON.stringify(certificate)}
`;
			world.write("cloud.yml", cloud("time.test"));
			expect(await world.davit(["deploy", "tiny.yml", "--cloud", "cloud.yml"])).toMatchObject({ code: 0 });
			const read = await world.davit(["ssh", "web/0", "-c", READ.replace("CERTIFICATE", certificate.trim())]);
			expect(read.stdout).toBe("time.test\nhttp://proxy.test:3128 .internal\n/dev/stdin: OK\n");
			world.write("cloud.yml", cloud("time.test, time2.test"));
			expect(await world.davit(["deploy", "tiny.yml"])).toMatchObject({
				code: 0,
				stderr: expect.stringContaining("recreate web/0 (env)"),
			});
		}),
);
