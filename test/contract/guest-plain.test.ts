import { afterAll, beforeAll, expect, test } from "vitest";
import { parseFacts } from "../../src/machine/bootstrap/facts.ts";
import type { MachineSpec, PackageSource } from "../../src/machine/bootstrap/spec.ts";
import { bootstrapScript } from "../../src/machine/bootstrap.ts";
import { swapHostKeyScript } from "../../src/machine/host-key.ts";
import { guestMissing, openGuest } from "../support/guest.ts";
import { HOST_FOR_GUEST } from "../support/guest-qemu.ts";
import { openMirror, type PackageMirror } from "../support/package-mirror.ts";
import { plainImage, whyNoImage } from "../support/stemcell-image.ts";
import { type Machine, machineContract } from "./machine-contract.ts";

const names = ["davit-first", "davit-second", "davit-third", "davit-fourth"];
const mirror = { url: `http://${HOST_FOR_GUEST}/debian`, suites: ["stable"], trusted: true };
/** Image makers' habits, all at once: nothing runs from /tmp, and /etc/hosts is made anew at every boot. */
const habits = `mounts: [[tmpfs, /tmp, tmpfs, "nosuid,nodev,noexec"]]
bootcmd: ["echo 127.0.0.1 localhost >/etc/hosts"]
`;

let served: PackageMirror;
beforeAll(async () => {
	served = await openMirror(names);
});
afterAll(() => served?.close());

function traps(vm: () => Machine, spec: MachineSpec): void {
	const bootstrap = (packages: PackageSource) => vm().run(bootstrapScript({ ...spec, packages }));

	test("what it lacked came from the mirror, with what that needs; what is there is not asked for again", async () => {
		expect((await vm().run("davit-second; davit-first")).stdout).toBe("davit-second runs\ndavit-first runs\n");
		const before = served.asked.length;
		const facts = parseFacts((await bootstrap({ names: ["davit-second", "bash"] })).stdout);
		expect(served.asked.length).toBe(before);
		expect(facts).toMatchObject({ init: "systemd", ids: "all", sudo: "sudo", tmpNoexec: true, cgroups: "v2" });
	});

	test("a package that can't be had is named, with what apt said", async () => {
		expect(await bootstrap({ names: ["davit-third"] })).toMatchObject({
			code: 1,
			stderr: "this image lacks davit-third, and the cloud config names no mirror to install from\n",
		});
		const { code, stderr } = await bootstrap({ names: ["davit-none"], mirror });
		expect([code, stderr]).toEqual([
			1,
			`installing davit-none from ${mirror.url} failed: E: Unable to locate package davit-none\n`,
		]);
		const gone = await bootstrap({ names: ["davit-third"], mirror: { ...mirror, url: `${mirror.url}-gone` } });
		expect(gone.stderr).toMatch(/^reading the index of http:\S+-gone failed: .*404/s);
	});

	test("dpkg's lock in another's hand is waited for, and its holder named when that takes too long", async () => {
		const hold = `import fcntl, time; f = open('/var/lib/dpkg/lock-frontend', 'w'); fcntl.lockf(f, fcntl.LOCK_EX); print('held', flush=True); time.sleep(300)`;
		const held = await vm().run(
			`{ python3 -c "${hold}" >/tmp/held 2>&1 & echo $! >/tmp/holder; }; until grep -q held /tmp/held; do sleep 0.1; done; cat /tmp/holder`,
		);
		const { code, stderr } = await bootstrap({ names: ["davit-third"], mirror, lockSeconds: 2 });
		expect([code, stderr]).toEqual([
			1,
			`packages can't be installed: process ${held.stdout.trim()} (python3) holds /var/lib/dpkg/lock-frontend for more than 2 s; that may be the image's own upgrade (unattended-upgrades, apt-daily): wait for it or turn it off in the image\n`,
		]);
		const waiting = bootstrap({ names: ["davit-fourth"], mirror });
		await vm().run("until [ -s /var/vcap/davit/apt/sources.list ]; do sleep 0.2; done; kill $(</tmp/holder)");
		expect(await waiting).toMatchObject({ code: 0 });
		expect((await vm().run("davit-fourth; davit-third")).stdout).toBe("davit-fourth runs\ndavit-third runs\n");
	});

	test("a new host key is served where systemd listens for sshd", async () => {
		await vm().run("systemctl disable --now ssh.service; systemctl enable --now ssh.socket");
		const facts = parseFacts((await vm().run(bootstrapScript(spec))).stdout);
		expect(facts.sshd).toBe("socket");
		const key = "ssh-keygen -q -t ed25519 -N '' -f /run/new-key && cat /run/new-key.pub /run/new-key";
		const [publicKey = "", ...rest] = (await vm().run(key)).stdout.split("\n");
		const swapped = await vm().run(swapHostKeyScript(), JSON.stringify({ publicKey, privateKey: rest.join("\n") }));
		expect(swapped, swapped.stderr).toMatchObject({ code: 0 });
		const shown = await vm().run("ssh-keyscan -t ed25519 127.0.0.1 2>/dev/null");
		expect(shown.stdout).toContain(publicKey.split(" ").slice(0, 2).join(" "));
	});
}

machineContract(
	"a plain image's guest",
	async () => openGuest({ image: await plainImage(), reaches: served.port, userData: habits }),
	{ missing: guestMissing() ?? whyNoImage, spec: { packages: { names: ["davit-second"], mirror } }, more: traps },
);
