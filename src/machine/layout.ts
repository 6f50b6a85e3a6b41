import { problem, UserError } from "../errors.ts";

/** BOSH's tree on a VM (https://bosh.io/docs/vm-config/) and davit's own folder in it. */
export const DAVIT = "/var/vcap/davit";
export const DATA = "/var/vcap/data";
export const STORE = "/var/vcap/store";
/** Where a disk is mounted while the persistent disk is copied to it. */
export const MIGRATION_TARGET = "/var/vcap/store_migration_target";

/** Where a VM's jobs find the disks of `persistent_disks`, by name (bosh-agent, platform/linux_platform.go: AssociateDisk). */
export const DISKS = "/var/vcap/instance/disks";

/** The PATH that BOSH gives to hooks, drain scripts and errands. */
export const HOOK_PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * The name of a job, package, fingerprint or file, as part of a path on a VM. Names come from releases:
 * throws a UserError if this one could lead out of its folder.
 */
export function pathName(what: string, name: string): string {
	if (/^[A-Za-z0-9_][A-Za-z0-9_.+:@-]*$/.test(name)) return name;
	throw new UserError(
		problem("bad-name", `the ${what} ${JSON.stringify(name)} can't be a file name on a VM`, {
			hint: "use letters, digits, dots, dashes and underscores",
		}),
	);
}

/** A rendered file's path below its job's folder; the same guard for each of its parts. */
export function jobFilePath(job: string, path: string): string {
	for (const part of path.split("/")) {
		if (part === "" || part === "." || part === ".." || /[\0\n]/.test(part)) {
			throw new UserError(
				problem("bad-name", `job ${job}: the template destination ${JSON.stringify(path)} leaves the job's folder`, {
					hint: "give a relative path without `..` in the job's spec",
				}),
			);
		}
	}
	return path;
}

/** Where the bits of one package version stay. `/var/vcap/packages/NAME` is a link to it. */
export function packagePath(name: string, fingerprint: string): string {
	return `${DATA}/packages/${pathName("package", name)}/${pathName("fingerprint", fingerprint)}`;
}

/** Where one rendering of a job stays. `/var/vcap/jobs/NAME` is a link to it. */
export function jobPath(name: string, digest: string): string {
	return `${DATA}/jobs/${pathName("job", name)}/${pathName("digest", digest)}`;
}
