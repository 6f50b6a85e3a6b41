import process from "node:process";
import { createInterface, type Interface } from "node:readline/promises";
import { problem, UserError } from "../../errors.ts";
import type { CliContext } from "../command.ts";

/** A question with numbered answers; the first is the default. */
export interface Question {
	readonly text: string;
	readonly answers: readonly string[];
}

/** Asks on the terminal, one after the other. Resolves with the place of each answer. Throws (exit code 4) at the end of the input. */
export async function askChoices(questions: readonly Question[], { signal }: CliContext): Promise<readonly number[]> {
	const prompt = createInterface({ input: process.stdin, output: process.stderr });
	const closed = new Promise<never>((_, reject) => {
		prompt.once("close", () => reject(new UserError(problem("declined", "nothing was changed"), { exitCode: 4 })));
	});
	closed.catch(() => {});
	try {
		const chosen: number[] = [];
		for (const question of questions) chosen.push(await Promise.race([ask(question, prompt, signal), closed]));
		return chosen;
	} finally {
		prompt.close();
	}
}

async function ask({ text, answers }: Question, prompt: Interface, signal: AbortSignal): Promise<number> {
	const lines = answers.map((answer, index) => `  ${index + 1}: ${answer}${index === 0 ? " (default)" : ""}\n`);
	const asked = `${text}\n${lines.join("")}Which (1-${answers.length})? `;
	for (;;) {
		const answer = (await prompt.question(asked, { signal })).trim();
		if (answer === "") return 0;
		if (/^\d{1,3}$/.test(answer) && answers[Number(answer) - 1] !== undefined) return Number(answer) - 1;
	}
}
