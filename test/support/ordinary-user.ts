import process from "node:process";

/** Somebody who runs davit. `argv` comes before the command; `id` is the owner of what the test makes for them. */
export interface User {
	readonly name: string;
	readonly argv: readonly string[];
	readonly id?: number;
}

const NOBODY = 65_534;

/** Whoever runs the tests; if that is root, an ordinary user as well. */
export const users: readonly User[] =
	process.getuid?.() === 0
		? [
				{ name: "root", argv: [] },
				{
					name: "an ordinary user",
					argv: ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "--"],
					id: NOBODY,
				},
			]
		: [{ name: "an ordinary user", argv: [] }];
