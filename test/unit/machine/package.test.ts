import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fenced } from "../../../src/machine/fence.ts";
import {
	activatePackagesScript,
	cleanupPackagesScript,
	installPackageScript,
	missingPackagesScript,
	packCompiledScript,
} from "../../../src/machine/package.ts";
import { compileScript } from "../../../src/machine/package-compile.ts";
import { idModes, openVm, type Sandbox } from "./sandbox.ts";

/** A tar of the given files, gzipped or not. */
function archive(files: Record<string, string>, compressed = true): Buffer {
	const folder = mkdtempSync(join(tmpdir(), "davit-package-"));
	for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o755 });
	const tar = execFileSync("tar", [compressed ? "-cz" : "-c", "-C", folder, "."]);
	rmSync(folder, { recursive: true });
	return tar;
}

describe.each(idModes)("one id: $oneId", ({ oneId }) => {
	let vm: Sandbox;
	beforeAll(async () => {
		vm = await openVm({ oneId });
	});
	afterAll(() => vm.close());
	const tool = { name: "tool", fingerprint: "f1" };
	const app = { name: "app", fingerprint: "f2" };

	test("a package is installed whole and becomes live by a link", async () => {
		expect((await vm.run(missingPackagesScript([tool, app]))).stdout).toBe("tool\napp\n");
		const install = fenced(installPackageScript(tool), 1);
		expect(await vm.run(install, { stdin: archive({ hello: "#!/bin/sh\necho hello\n" }) })).toMatchObject({
			code: 0,
			stderr: "",
		});
		expect((await vm.run(missingPackagesScript([tool, app]))).stdout).toBe("app\n");
		expect(await vm.run("ls /var/vcap/packages")).toMatchObject({ stdout: "" });
		await vm.run(fenced(activatePackagesScript([tool]), 1));
		expect(await vm.run("/var/vcap/packages/tool/hello; readlink /var/vcap/packages/tool")).toMatchObject({
			stdout: "hello\n/var/vcap/data/packages/tool/f1\n",
		});
	});

	test("a stream that breaks off leaves nothing that counts, and an uncompressed one is fine", async () => {
		const tar = archive({ hello: "x".repeat(100_000) }, false);
		const broken = await vm.run(installPackageScript({ name: "big", fingerprint: "f" }), {
			stdin: tar.subarray(0, 50_000),
		});
		expect(broken.code).not.toBe(0);
		expect((await vm.run("ls -A /var/vcap/data/packages/big")).stdout).toBe("");
		expect(await vm.run(installPackageScript({ name: "big", fingerprint: "f" }), { stdin: tar })).toMatchObject({
			code: 0,
		});
		expect((await vm.run("stat -c %s /var/vcap/data/packages/big/f/hello")).stdout).toBe("100000\n");
	});

	test("compiling sees what was declared, at BOSH's paths, and packs what came out", async () => {
		const packaging = [
			"echo compiling",
			'echo "$BOSH_COMPILE_TARGET $BOSH_INSTALL_TARGET $BOSH_PACKAGE_NAME $BOSH_PACKAGE_VERSION" >$BOSH_INSTALL_TARGET/env',
			"ls /var/vcap/packages >$BOSH_INSTALL_TARGET/seen; pwd -P >$BOSH_INSTALL_TARGET/pwd; cd $BOSH_INSTALL_TARGET; pwd -P >real",
			"/var/vcap/packages/tool/hello >$BOSH_INSTALL_TARGET/said",
		].join("\n");
		const spec = { ...app, version: "v2", dependencies: [tool] };
		const ran = await vm.run(compileScript(spec), { stdin: archive({ packaging }) });
		expect(ran.code).toBe(0);
		expect(ran.stdout).toContain("+ echo compiling\ncompiling\n");
		const files = await vm.run(
			"cd /var/vcap/data/packages/app/f2 && cat env seen pwd real said; ls -A ..; ls -A ../../../compile",
		);
		expect(files.stdout).toBe(
			"/var/vcap/data/compile/app /var/vcap/packages/app app v2\napp\ntool\n/var/vcap/data/compile/app\n" +
				"/var/vcap/data/packages/app/f2\nhello\nf2\n.app.lock\n",
		);
		expect((await vm.run("ls /var/vcap/packages")).stdout).toBe("tool\n");
		const packed = await vm.run(packCompiledScript(app));
		expect(execFileSync("tar", ["-tz"], { input: packed.bytes }).toString()).toBe(
			"./\n./env\n./pwd\n./real\n./said\n./seen\n",
		);
		expect(await vm.run(compileScript(spec), { stdin: "no archive" })).toMatchObject({ code: 0, stdout: "" });
	});

	test("a packaging script that fails keeps its exit code and leaves nothing", async () => {
		const bad = { name: "bad", fingerprint: "b1" };
		const ran = await vm.run(compileScript({ ...bad, version: "1", dependencies: [] }), {
			stdin: archive({ packaging: "touch $BOSH_INSTALL_TARGET/half; echo cannot reach proxy >&2; exit 7" }),
		});
		expect(ran.code).toBe(7);
		expect(ran.stdout).toContain("cannot reach proxy\n");
		expect((await vm.run(missingPackagesScript([bad]))).stdout).toBe("bad\n");
		expect((await vm.run("ls -A /var/vcap/data/packages/bad")).stdout).toBe("");
		const without = await vm.run(
			compileScript({ ...bad, version: "1", dependencies: [{ name: "none", fingerprint: "x" }] }),
			{
				stdin: archive({ packaging: "true" }),
			},
		);
		expect(without).toMatchObject({ code: 1, stderr: "package bad needs none/x, which isn't on this VM\n" });
	});

	test("a compilation that was killed doesn't count, and the next one starts from nothing", async () => {
		await vm.run("mkdir -p /var/vcap/data/packages/cut/c1; touch /var/vcap/data/packages/cut/{.c1.incomplete,c1/half}");
		const cut = { name: "cut", fingerprint: "c1" };
		expect((await vm.run(missingPackagesScript([cut]))).stdout).toBe("cut\n");
		await vm.run(compileScript({ ...cut, version: "1", dependencies: [] }), {
			stdin: archive({ packaging: "touch $BOSH_INSTALL_TARGET/whole" }),
		});
		expect((await vm.run("ls -A /var/vcap/data/packages/cut /var/vcap/data/packages/cut/c1")).stdout).toBe(
			"/var/vcap/data/packages/cut:\nc1\n\n/var/vcap/data/packages/cut/c1:\nwhole\n",
		);
	});

	test("links that aren't asked for go, bits that nothing names are cleaned up", async () => {
		expect(await vm.run(activatePackagesScript([app, { name: "none", fingerprint: "x" }]))).toMatchObject({
			code: 1,
			stderr: "package none isn't on this VM\n",
		});
		expect((await vm.run("ls /var/vcap/packages")).stdout).toBe("tool\n");
		await vm.run(activatePackagesScript([app]));
		expect((await vm.run("ls /var/vcap/packages")).stdout).toBe("app\n");
		await vm.run(cleanupPackagesScript([tool]));
		expect((await vm.run("cd /var/vcap/data; ls -d packages/*/* compile/*; ls -A packages")).stdout).toBe(
			"packages/app/f2\npackages/tool/f1\napp\ntool\n",
		);
		expect(await vm.run(activatePackagesScript([]))).toMatchObject({ code: 0, stderr: "" });
		expect((await vm.run("ls /var/vcap/packages")).stdout).toBe("");
	});
});

test("a name that leads elsewhere is refused", () => {
	expect(() => installPackageScript({ name: "../x", fingerprint: "f" })).toThrow(
		'the package "../x" can\'t be a file name',
	);
});
