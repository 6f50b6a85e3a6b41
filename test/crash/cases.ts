import type { StepKind } from "../../src/plan/step.ts";
import { FIRST, type Wanted } from "./platform.ts";

/** Something that an operator does, and that is killed in the midst of it. */
export interface Case {
	readonly name: string;
	/** Whether it can be done now; undefined: there is no deployment. */
	readonly fits: (now: Wanted | undefined) => boolean;
	/** What the manifest and the operator want from then on; undefined: no deployment. */
	readonly change: (now: Wanted) => Wanted | undefined;
	readonly args: readonly string[];
	/** A VM is killed behind davit's back before it. */
	readonly losesVm?: boolean;
	/** Kinds of steps that it must have. */
	readonly covers: readonly StepKind[];
}

const DEPLOY = ["deploy", "-n", "--cloud=cloud.yml", "tiny.yml"];
const all = (now: Wanted | undefined): now is Wanted => now !== undefined && !now.webStopped && !now.dbDetached;
const UPDATE = [
	"stop",
	"render",
	"update-names",
	"install-jobs",
	"pre-start",
	"start",
	"post-start",
	"post-deploy",
] as const;

/** One for each way a deployment changes. Every kind of step that the embedded provider has is in one of them. */
export const cases: readonly Case[] = [
	{
		name: "first deploy",
		fits: (now) => now === undefined,
		change: () => FIRST,
		args: DEPLOY,
		covers: [
			...["make-variables", "create-vm", "bootstrap-vm", "compile-package", "install-packages"],
			...["create-disk", "attach-disk", "associate-disk", "record-deploy"],
		] as StepKind[],
	},
	{ name: "job change", fits: all, change: (now) => ({ ...now, port: now.port + 1 }), args: DEPLOY, covers: UPDATE },
	{
		name: "package change",
		fits: all,
		change: (now) => ({ ...now, words: now.words + 1 }),
		args: DEPLOY,
		covers: ["compile-package", "install-packages"],
	},
	{
		name: "package change with compilation VMs",
		fits: all,
		change: (now) => ({ ...now, words: now.words + 1 }),
		args: ["deploy", "-n", "--compilation-vms", "--cloud=cloud.yml", "tiny.yml"],
		covers: ["create-vm", "bootstrap-vm", "compile-package", "delete-compilation-vm", "install-packages"],
	},
	{
		name: "stemcell change",
		fits: all,
		change: (now) => ({ ...now, stemcell: now.stemcell + 1, swaps: false }),
		args: DEPLOY,
		covers: ["stop", "detach-disk", "delete-vm", "create-vm", "bootstrap-vm", "attach-disk"],
	},
	{
		name: "stemcell swap",
		fits: all,
		change: (now) => ({ ...now, stemcell: now.stemcell + 1, swaps: true }),
		args: DEPLOY,
		covers: [
			...["create-vm", "bootstrap-vm", "install-packages", "stop", "detach-disk", "swap-vm", "publish-names"],
			...["attach-disk", "delete-vm"],
		] as StepKind[],
	},
	{
		name: "scale out",
		fits: (now) => all(now) && now.web < 3,
		change: (now) => ({ ...now, web: now.web + 1 }),
		args: DEPLOY,
		covers: ["create-vm", "bootstrap-vm"],
	},
	{
		name: "scale in",
		fits: (now) => all(now) && now.web > 1,
		change: (now) => ({ ...now, web: now.web - 1 }),
		args: DEPLOY,
		covers: ["stop", "delete-vm", "delete-instance"],
	},
	{
		name: "another AZ",
		fits: all,
		change: (now) => ({ ...now, webAz: 3 - now.webAz }),
		args: [...DEPLOY, "--allow-deletions"],
		covers: ["stop", "delete-vm", "delete-instance", "create-vm", "bootstrap-vm"],
	},
	{
		name: "disk growth",
		fits: (now) => all(now) && now.diskMib < 512,
		change: (now) => ({ ...now, diskMib: now.diskMib + 64 }),
		args: DEPLOY,
		covers: ["resize-disk"],
	},
	{
		name: "disk copy",
		fits: all,
		change: (now) => ({ ...now, diskType: now.diskType + 1 }),
		args: DEPLOY,
		covers: ["stop", "create-disk", "copy-disk", "attach-disk"],
	},
	{
		name: "growth of several disks",
		fits: (now) => all(now) && now.webDiskMib < 512,
		change: (now) => ({ ...now, webDiskMib: now.webDiskMib + 64 }),
		args: DEPLOY,
		covers: ["stop", "resize-disk", "associate-disk"],
	},
	{
		name: "a disk less",
		fits: (now) => all(now) && now.webDisks.length > 1,
		change: (now) => ({ ...now, webDisks: ["spool"] }),
		args: DEPLOY,
		covers: ["stop", "detach-disk", "orphan-disk", "associate-disk"],
	},
	{
		name: "a disk more",
		fits: (now) => all(now) && now.webDisks.length === 1,
		change: (now) => ({ ...now, webDisks: ["spool", "cache"] }),
		args: DEPLOY,
		covers: ["stop", "create-disk", "associate-disk"],
	},
	{ name: "a VM is lost", fits: all, change: (now) => now, args: DEPLOY, losesVm: true, covers: ["power-on", "start"] },
	{
		name: "recreate",
		fits: all,
		change: (now) => now,
		args: ["recreate", "-n", "db"],
		covers: ["stop", "detach-disk", "delete-vm", "create-vm", "attach-disk"],
	},
	{
		name: "stop",
		fits: all,
		change: (now) => ({ ...now, webStopped: true }),
		args: ["stop", "-n", "web"],
		covers: ["stop"],
	},
	{
		name: "start",
		fits: (now) => now?.webStopped === true,
		change: (now) => ({ ...now, webStopped: false }),
		args: ["start", "web"],
		covers: ["start"],
	},
	{
		name: "stop --hard",
		fits: all,
		change: (now) => ({ ...now, dbDetached: true }),
		args: ["stop", "-n", "--hard", "db"],
		covers: ["stop", "detach-disk", "delete-vm"],
	},
	{
		name: "start without a VM",
		fits: (now) => now?.dbDetached === true,
		change: (now) => ({ ...now, dbDetached: false }),
		args: ["start", "db"],
		covers: ["create-vm", "attach-disk", "start"],
	},
	{ name: "errand", fits: all, change: (now) => now, args: ["run-errand", "smoke-tests"], covers: ["errand"] },
	{
		name: "delete",
		fits: (now) => now !== undefined,
		change: () => undefined,
		args: ["delete-deployment", "-n"],
		covers: ["stop", "delete-vm", "orphan-disk", "delete-instance", "forget-deployment"],
	},
];

/** Kinds that no case has, and why. */
export const elsewhere: Partial<Readonly<Record<StepKind, string>>> = {
	"upload-stemcell": "the embedded provider takes no images; test/acceptance/libvirt.test.ts",
	"snapshot-disk": "comes only with davit take-snapshot and deploy --snapshots; a second one is one more in the list",
	"discard-copy":
		"comes only after a kill in copy-disk, when the manifest wants another disk by then; test/acceptance/disk-copy.test.ts",
	"delete-orphan-vm": "comes only after a kill in create-vm, when the VM has a record no more",
};
