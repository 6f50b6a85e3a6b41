import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { translateSqliteError } from "./sqlite-errors.ts";

/** A connection whose errors are for the user. Calls are synchronous, so a transaction can't be interleaved. */
export interface Database {
	all<Row>(sql: string, ...values: SQLInputValue[]): Row[];
	get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined;
	run(sql: string, ...values: SQLInputValue[]): { readonly changes: number; readonly id: number };
	/** All statements of `work` or none, with nobody else writing meanwhile. */
	transaction<T>(work: () => T): T;
	/** All statements of `work` see the same state. */
	snapshot<T>(work: () => T): T;
	close(): void;
}

/** Opens the file. Waits up to `busyMs` for other writers. */
export function openDatabase(file: string, busyMs: number): Database {
	const translated = <T>(work: () => T): T => {
		try {
			return work();
		} catch (error) {
			throw translateSqliteError(error, file);
		}
	};
	const connection = translated(() => new DatabaseSync(file, { timeout: busyMs }));
	const statements = new Map<string, StatementSync>();
	const prepare = (sql: string) => {
		const statement = statements.get(sql) ?? connection.prepare(sql);
		statements.set(sql, statement);
		return statement;
	};
	const within = <T>(begin: string, work: () => T): T =>
		translated(() => {
			connection.exec(begin);
			try {
				const result = work();
				connection.exec("COMMIT");
				return result;
			} catch (error) {
				if (connection.isTransaction) connection.exec("ROLLBACK");
				throw error;
			}
		});
	return {
		all: <Row>(sql: string, ...values: SQLInputValue[]) => translated(() => prepare(sql).all(...values) as Row[]),
		get: <Row>(sql: string, ...values: SQLInputValue[]) =>
			translated(() => prepare(sql).get(...values) as Row | undefined),
		run: (sql, ...values) =>
			translated(() => {
				const { changes, lastInsertRowid } = prepare(sql).run(...values);
				return { changes: Number(changes), id: Number(lastInsertRowid) };
			}),
		transaction: (work) => within("BEGIN IMMEDIATE", work),
		snapshot: (work) => within("BEGIN", work),
		close: () => connection.close(),
	};
}
