import { problem, UserError } from "../../errors.ts";
import type { Command, Options } from "../command.ts";
import { texts } from "../command.ts";
import { checkAndRepair, reportProblems } from "../session/cloud-check.ts";
import { consentOption } from "../session/confirm.ts";
import { withDeployment } from "../session/recorded.ts";
import { withRecordedRun } from "../session/recorded-run.ts";
import { deploymentOption } from "../session/store.ts";

export const command: Command = {
	arguments: "",
	options: [
		deploymentOption,
		{ flags: "-r, --report", about: "list the problems and change nothing; exit code 1 if there are any" },
		{ flags: "-a, --auto", about: "resolve each problem by its default" },
		{
			flags: "--resolution <what>",
			about: "RESOLUTION, PROBLEM=RESOLUTION or INSTANCE=RESOLUTION; may be given several times",
			repeat: true,
		},
		{
			flags: "--allow-unresponsive",
			about: "also for VMs that don't answer, though they are more than half of the deployment",
		},
		consentOption,
	],
	help: `Compares what is recorded with what the clouds and the VMs say, lists what differs, and asks what to do about each. Problems and
resolutions are BOSH's; its agent's part has SSH. The first resolution is the default, which --auto takes:

  missing_vm           recreate_vm_without_wait, recreate_vm, delete_vm_reference, ignore
  unresponsive_agent   ignore, reboot_vm, recreate_vm_without_wait, recreate_vm, delete_vm, delete_vm_reference
  missing_disk         ignore, delete_disk_reference
  inactive_disk        ignore, delete_disk, activate_disk
  mount_info_mismatch  ignore, reattach_disk, reattach_disk_and_reboot

and davit's own:

  stopped_vm           reboot_vm, recreate_vm_without_wait, recreate_vm, delete_vm, ignore
  unfinished_update    finish_update, ignore (a command was cut short; a deploy that was is left to davit resume)
  unknown_vm           ignore, delete_vm (the next deploy deletes it)
  unknown_disk         orphan_disk, ignore
  shared_vm            ignore (two instances are recorded with one VM)

With --resolution, what is said of an instance goes before what is said of a problem, and problems that nothing is said of are left.
recreate_vm_without_wait starts the processes and neither waits for them nor runs post-start; the next deploy runs post-deploy.
Cut short, what is half done is a problem of the next run, and its default ends it.

Example: davit cloud-check --resolution unresponsive_agent=reboot_vm --resolution db/0=recreate_vm`,
	run: async (_, options, context) => {
		const wishes = texts(options, "resolution");
		const mode = modeOf(options, wishes, context.interactive);
		if (mode === "report") return withDeployment(options, context, (deployment) => reportProblems(deployment, context));
		await withRecordedRun("cloud-check", options, context, (run) =>
			checkAndRepair(run, {
				mode,
				wishes,
				allowUnresponsive: options.allowUnresponsive === true,
				consent: options.nonInteractive === true,
			}),
		);
		return 0;
	},
};

/** Throws a UserError (exit code 64) where nobody can be asked, or where two ways are given. */
function modeOf(
	options: Options,
	wishes: readonly string[],
	interactive: boolean,
): "report" | "auto" | "resolution" | "ask" {
	const given = [
		...(options.report === true ? (["report"] as const) : []),
		...(options.auto === true ? (["auto"] as const) : []),
		...(wishes.length > 0 ? (["resolution"] as const) : []),
	];
	const [mode, other] = given;
	const usage = (message: string) =>
		new UserError(
			problem("usage", message, {
				hint: "--report lists the problems, --auto takes each one's default, --resolution says what to do about which",
			}),
			{ exitCode: 64 },
		);
	if (other) throw usage(`--${mode} and --${other} exclude each other`);
	if (mode === undefined && !interactive) throw usage("there is no terminal on which to ask what to do");
	return mode ?? "ask";
}
