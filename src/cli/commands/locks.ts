import { type Command, text } from "../command.ts";
import { withStore } from "../session/with-store.ts";

export const command: Command = {
	arguments: "",
	options: [{ flags: "-d, --deployment <name>", about: "only the one on this deployment" }],
	help: "Who works on which deployment, since when, and until when nobody else may without a renewal. A davit that died loses its lease by itself.",
	run: (_, options, context) =>
		withStore(context, async (store) => {
			const rows = [];
			const asked = text(options, "deployment");
			for (const { name } of await store.deployments()) {
				if (asked !== undefined && name !== asked) continue;
				const holder = await store.holder(name);
				if (!holder) continue;
				const { number, acquiredAt, expiresAt } = holder;
				const [since, until] = [acquiredAt, expiresAt].map((at) => new Date(at).toISOString());
				rows.push({ deployment: name, holder: holder.holder, since, until, number });
			}
			const columns = ["deployment", "holder", "since", "until", "number"];
			context.emit({ type: "table", name: "locks", columns, rows });
			return 0;
		}),
};
