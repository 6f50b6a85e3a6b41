import { problem, UserError } from "../../errors.ts";
import type { Command } from "../command.ts";
import { actor } from "../session/store.ts";
import { withStore } from "../session/with-store.ts";

export const command: Command = {
	arguments: "<on|off>",
	options: [],
	help: `Turns the repairs of every davit watch on this state store on or off, for all deployments and at once: also while one is at work, whose repair goes on
to its end. Watching and telling go on. Groups that are never to be repaired are named in a resurrection config (davit watch --resurrection-config).`,
	run: ([given], _options, context) =>
		withStore(context, async (store) => {
			if (given !== "on" && given !== "off")
				throw new UserError(
					problem("usage", `update-resurrection ${String(given)}: it is on or off`, {
						hint: "write davit update-resurrection off",
					}),
					{ exitCode: 64 },
				);
			await store.setResurrection(given === "on");
			const { clock } = context;
			for (const { name } of await store.deployments())
				await store.appendEvent({
					at: clock.now(),
					actor: actor(),
					deployment: name,
					action: "update-resurrection",
					object: given,
					outcome: "done",
					detail: {},
				});
			context.emit({ type: "note", text: `resurrection is ${given}` });
			return 0;
		}),
};
