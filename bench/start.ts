import { command } from "./command.ts";
import { compare, type Row } from "./compare.ts";

/** What every command pays before it does anything. */
export async function start(davit: string, folder: string): Promise<readonly Row[]> {
	const row = await compare({
		what: "`davit --help`",
		davit: () => command([davit, "--help"], folder),
		peer: "`node -e 0`: the runtime alone",
		runPeer: () => command(["node", "-e", "0"], folder),
		rounds: 15,
	});
	return [row];
}
