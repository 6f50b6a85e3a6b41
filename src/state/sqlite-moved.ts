import { type Problem, problem, UserError } from "../errors.ts";
import type { Database } from "./sqlite-database.ts";

/** Where a store went: it is worked with there, and no longer here. */
export interface Moved {
	/** The file that it was exported to. */
	readonly to: string;
	/** Wall clock. */
	readonly at: number;
	/** `user@host` */
	readonly by: string;
}

export function readMoved(database: Database): Moved | undefined {
	const text = database.get<{ moved: string | null }>("SELECT moved FROM store")?.moved;
	return text ? (JSON.parse(text) as Moved) : undefined;
}

export function writeMoved(database: Database, moved: Moved | undefined): void {
	database.run("UPDATE store SET moved = ?", moved ? JSON.stringify(moved) : null);
}

/** Two that work with one store's VMs would destroy each other's work: the one that was exported answers no more. Exit code 4. */
export function refuseMoved(database: Database): void {
	const moved = readMoved(database);
	if (moved) throw new UserError(movedProblem(moved), { exitCode: 4 });
}

function movedProblem({ to, at, by }: Moved): Problem {
	return problem("store-moved", `this state store was moved to ${to} at ${new Date(at).toISOString()} by ${by}`, {
		hint: "work where that file was imported; if it is lost, write it again with davit state export, or import it here with davit state import",
	});
}
