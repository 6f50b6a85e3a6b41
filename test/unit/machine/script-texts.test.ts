import { expect, test } from "vitest";
import { markAppliedScript } from "../../../src/machine/applied.ts";
import { mountDiskScript } from "../../../src/machine/disk.ts";
import { drainScript } from "../../../src/machine/drain.ts";
import { fenced } from "../../../src/machine/fence.ts";
import { hookScript } from "../../../src/machine/hook.ts";
import { installJobsScript } from "../../../src/machine/job.ts";
import { missingPackagesScript } from "../../../src/machine/package.ts";
import { script } from "../../../src/machine/prelude.ts";

/** Where what a caller gives ends up in a script: as data, never as shell. */
const data = (text: string) =>
	text
		.slice(script().length)
		.split("\n")
		.filter((line) => /^(\w+=|environment=|put )/.test(line))
		.join("\n");

test("what callers give stands quoted, in one place each", () => {
	expect(data(markAppliedScript('{"a":"it\'s"}'))).toBe(
		`put /var/vcap/davit/applied.json 0600 root:root '{"a":"it'\\''s"}'`,
	);
	expect(
		data(
			missingPackagesScript([
				{ name: "a", fingerprint: "1" },
				{ name: "b", fingerprint: "2" },
			]),
		),
	).toBe("packages=(/var/vcap/data/packages/a/1 /var/vcap/data/packages/b/2)");
	expect(data(hookScript("pre-stop", ["app"], { WORD: "$(x)" }))).toContain(
		`hook=pre-stop\nkey='{"WORD":"$(x)"}'\noutdated=(pre-start post-start post-deploy)\njobs=(app)\nenvironment=(nice -n 5 env PATH=/usr/sbin:/usr/bin:/sbin:/bin 'WORD=$(x)')`,
	);
	expect(data(drainScript("app", ["job_changed", "hash_unchanged", "a b"]))).toContain(
		`job=app\nkey='[["job_changed","hash_unchanged","a b"],{}]'\nargs=(job_changed hash_unchanged 'a b')`,
	);
	expect(data(installJobsScript([{ name: "app", digest: "d", packages: ["x", "y"] }]))).toContain("jobs=('app d x y')");
	const options = { mountPoint: "/var/vcap/store", fileSystem: "ext4", mayFormat: false, mountOptions: ["noatime"] };
	expect(data(mountDiskScript({ kind: "serial", serial: "a b" }, options))).toContain(
		"mount_point=/var/vcap/store\nfile_system=ext4\nmay_format=''\noptions=defaults,noatime\ndisk='the disk with serial a b'\nfound=''\nserial='a b'",
	);
});

test("the fence stands before everything else", () => {
	expect(fenced("echo x", 12).split("\n").slice(0, 2)).toEqual([
		"fence=12",
		"if ! mkdir -p /var/vcap/davit 2>/dev/null || [ ! -w /var/vcap/davit ]; then",
	]);
	expect(fenced("echo x", 12).endsWith("\nfence_hold\necho x")).toBe(true);
});

test.each(["../x", "a/b", "", "a b", "$(x)", "-x"])("the job name %j is refused", (name) => {
	expect(() => hookScript("pre-start", [name])).toThrow(`the job ${JSON.stringify(name)} can't be a file name on a VM`);
});
