import type { Command } from "../command.ts";

/** A row of the command table, which is also the help. The command's file loads when it is used. */
export interface CommandRow {
	readonly name: string;
	readonly about: string;
	/** Another name for it, as BOSH's users know it. */
	readonly alias?: string;
	/** Not shown in the help: davit calls it itself. */
	readonly hidden?: boolean;
	readonly load: () => Promise<{ readonly command: Command }>;
}

export const commandTable: readonly CommandRow[] = [
	{ name: "deploy", about: "Bring a deployment to what its manifest says", load: () => import("./deploy.ts") },
	{ name: "resume", about: "Bring a deploy to its end that was cut short", load: () => import("./resume.ts") },
	{ name: "adopt", about: "Record a deployment anew whose state store is lost", load: () => import("./adopt.ts") },
	{ name: "plan", about: "Show what a deploy would do", load: () => import("./plan.ts") },
	{ name: "int", about: "Interpolate a manifest: ops files and variables", load: () => import("./int.ts") },
	{
		name: "schema",
		about: "Print the JSON Schema of manifests and plans, for editors",
		load: () => import("./schema.ts"),
	},
	{ name: "vms", about: "List VMs: instance, state, AZ, addresses, cid", load: () => import("./vms.ts") },
	{
		name: "instances",
		about: "List instances, with processes and vitals if asked",
		load: () => import("./instances.ts"),
	},
	{ name: "ssh", about: "Open a terminal on an instance, or run a command on several", load: () => import("./ssh.ts") },
	{ name: "scp", about: "Copy files to instances or from them", load: () => import("./scp.ts") },
	{ name: "logs", about: "Fetch or follow the logs of instances", load: () => import("./logs.ts") },
	{ name: "run-errand", about: "Run an errand", load: () => import("./run-errand.ts") },
	{ name: "stop", about: "Stop the jobs of instances, or delete their VMs as well", load: () => import("./stop.ts") },
	{ name: "start", about: "Start instances that were stopped", load: () => import("./start.ts") },
	{ name: "restart", about: "Stop and start the jobs of instances", load: () => import("./restart.ts") },
	{ name: "recreate", about: "Give instances new VMs; persistent disks are kept", load: () => import("./recreate.ts") },
	{
		name: "delete-vm",
		about: "Delete one VM; the next deploy makes another",
		load: () => import("./delete-vm.ts"),
	},
	{ name: "ignore", about: "Keep instances as they are, whatever is deployed", load: () => import("./ignore.ts") },
	{ name: "unignore", about: "Let instances be changed again", load: () => import("./unignore.ts") },
	{
		name: "watch",
		about: "Watch the VMs of a deployment, and repair what is ill",
		load: () => import("./watch.ts"),
	},
	{
		name: "update-resurrection",
		about: "Turn the repairs of all watchers on or off",
		load: () => import("./update-resurrection.ts"),
	},
	{
		name: "cloud-check",
		alias: "cck",
		about: "Compare what is recorded with the clouds, and repair what differs",
		load: () => import("./cloud-check.ts"),
	},
	{ name: "errands", about: "List errands, and where they run", load: () => import("./errands.ts") },
	{ name: "deployments", about: "List the deployments of this state store", load: () => import("./deployments.ts") },
	{ name: "releases", about: "List the releases in use", load: () => import("./releases.ts") },
	{ name: "stemcells", about: "List the stemcells in use", load: () => import("./stemcells.ts") },
	{ name: "events", about: "List what was done to a deployment, by whom", load: () => import("./events.ts") },
	{ name: "tasks", about: "List what commands did to deployments, each run a row", load: () => import("./tasks.ts") },
	{ name: "task", about: "Show the steps of a task, and follow it while it works", load: () => import("./task.ts") },
	{ name: "cancel-task", about: "End a task that works, at a safe point", load: () => import("./cancel-task.ts") },
	{ name: "locks", about: "List who works on which deployment", load: () => import("./locks.ts") },
	{ name: "state", about: "Back up the state store, or move it to another machine", load: () => import("./state.ts") },
	{ name: "variables", about: "List generated variables", load: () => import("./variables.ts") },
	{ name: "disks", about: "List persistent disks", load: () => import("./disks.ts") },
	{
		name: "attach-disk",
		about: "Attach an orphaned persistent disk to an instance, in the place of its own",
		load: () => import("./attach-disk.ts"),
	},
	{
		name: "orphan-disk",
		about: "Take a persistent disk from an instance without a VM, and keep it",
		load: () => import("./orphan-disk.ts"),
	},
	{
		name: "delete-disk",
		about: "Delete an orphaned persistent disk with its data",
		load: () => import("./delete-disk.ts"),
	},
	{
		name: "take-snapshot",
		about: "Keep what is on persistent disks at this moment",
		load: () => import("./take-snapshot.ts"),
	},
	{ name: "snapshots", about: "List the snapshots of persistent disks", load: () => import("./snapshots.ts") },
	{
		name: "delete-snapshot",
		about: "Delete snapshots of persistent disks",
		load: () => import("./delete-snapshot.ts"),
	},
	{
		name: "clean-up",
		about: "Delete images, releases, packages, downloads and orphaned disks that nothing uses",
		load: () => import("./clean-up.ts"),
	},
	{
		name: "delete-release",
		about: "Delete a release that was uploaded, and that no deployment uses",
		load: () => import("./delete-release.ts"),
	},
	{
		name: "delete-stemcell",
		about: "Delete an image at the clouds that no deployment uses",
		load: () => import("./delete-stemcell.ts"),
	},
	{
		name: "delete-deployment",
		about: "Delete a deployment; its persistent disks are kept, orphaned",
		load: () => import("./delete-deployment.ts"),
	},
	{ name: "proxy", about: "Publish ports of instances on 127.0.0.1", load: () => import("./proxy.ts") },
	{
		name: "create-release",
		about: "Create a release from its folder, and its tarball",
		load: () => import("./create-release.ts"),
	},
	{
		name: "upload-release",
		about: "Keep a release on this machine, for manifests that give no url",
		load: () => import("./upload-release.ts"),
	},
	{
		name: "upload-stemcell",
		about: "Keep a BOSH stemcell on this machine, for manifests that name its os and version",
		load: () => import("./upload-stemcell.ts"),
	},
	{
		name: "diff-config",
		about: "Show how a config differs from another, or from the last deploy's",
		load: () => import("./diff-config.ts"),
	},
	{
		name: "export-release",
		about: "Write a release with its packages compiled for a stemcell",
		load: () => import("./export-release.ts"),
	},
	{
		name: "inspect-release",
		about: "List the jobs and packages of a release",
		load: () => import("./inspect-release.ts"),
	},
	{
		name: "build-stemcell",
		about: "Build the image that VMs boot, from a distribution's packages",
		load: () => import("./build-stemcell.ts"),
	},
	{
		name: "ssh-config",
		about: "Print an OpenSSH configuration for the instances",
		load: () => import("./ssh-config.ts"),
	},
	{
		name: "dial",
		about: "Connect standard input and output to an instance's SSH port",
		hidden: true,
		load: () => import("./dial.ts"),
	},
];
