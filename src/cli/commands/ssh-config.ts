import { join, resolve } from "node:path";
import { warning } from "../../errors.ts";
import { type Command, text } from "../command.ts";
import { sshFolder, writeOpenSshFiles } from "../session/openssh-files.ts";
import { selectInstances, withDeployment } from "../session/recorded.ts";
import { deploymentOption } from "../session/store.ts";

export const command: Command = {
	arguments: "[instance]",
	options: [
		deploymentOption,
		{
			flags: "--dir <folder>",
			about: "where the login key and the known host keys go (default: ssh/ in davit's home)",
		},
	],
	help: `Prints an ssh_config for ssh, scp, rsync and editors, in which GROUP/INDEX is called GROUP-INDEX too: scp and rsync take a slash for a path. The
login key is written in clear into the folder, for its owner only: delete the folder when nothing needs it any more. Run it again when VMs were recreated.

Example: davit ssh-config >min-4.config && rsync -e 'ssh -F min-4.config' app.log router-0:`,
	run: async ([selector], options, context) => {
		await withDeployment(options, context, async (deployment) => {
			const { records, name } = deployment;
			const chosen = selectInstances(records, selector as string | undefined);
			const there = chosen.filter((instance) => records.get(instance).vm);
			for (const instance of chosen.filter((each) => !there.includes(each)))
				context.emit({ type: "problem", problem: warning("no-vm", `${instance} has no VM, and is left out`) });
			const given = text(options, "dir");
			const folder = given === undefined ? sshFolder(name, context) : resolve(context.cwd, given);
			const config = await writeOpenSshFiles(folder, there, deployment, context);
			context.emit({ type: "output", text: config });
			context.emit({
				type: "note",
				text: `The login key is in ${join(folder, "key")}: delete it when nothing needs it.`,
			});
		});
		return 0;
	},
};
