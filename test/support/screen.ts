/** What a terminal shows in the end, line by line, of all that was written to it. Knows what davit and readline use; throws at any other code. */
export function screenOf(written: string): readonly string[] {
	const lines: string[] = [""];
	let [row, column] = [0, 0];
	const line = () => lines[row] ?? "";
	const codes: Readonly<Record<string, (count: number) => void>> = {
		A: (count) => {
			row = Math.max(0, row - (count || 1));
		},
		B: (count) => {
			row += count || 1;
		},
		G: () => {
			column = 0;
		},
		J: () => {
			lines.splice(row + 1);
			lines[row] = line().slice(0, column);
		},
		K: (what) => {
			lines[row] = what === 2 ? "" : line().slice(0, column);
		},
		h: () => {},
		l: () => {},
	};
	const print = (letter: string) => {
		if (letter === "\r") column = 0;
		else if (letter === "\n") {
			row += 1;
			lines[row] ??= "";
		} else {
			lines[row] = line().padEnd(column).slice(0, column) + letter + line().slice(column + letter.length);
			column += letter.length;
		}
	};
	const [before = "", ...pieces] = written.split("\x1b[");
	for (const letter of before) print(letter);
	for (const piece of pieces) {
		const [whole = "", count, code = ""] = /^\??(\d*)([a-zA-Z])/.exec(piece) ?? [];
		const obey = codes[code];
		if (!obey) throw new Error(`${JSON.stringify(piece)} begins with a code that this terminal doesn't know`);
		obey(Number(count));
		for (const letter of piece.slice(whole.length)) print(letter);
	}
	return [...lines].slice(0, lines.findLastIndex((text) => text) + 1).map((text) => text ?? "");
}
