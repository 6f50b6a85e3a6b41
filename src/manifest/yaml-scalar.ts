/** What an unquoted text means. */
export interface PlainScalar {
	readonly value: null | boolean | number | bigint | string;
	readonly float?: true;
}

const WORDS: ReadonlyMap<string, PlainScalar> = new Map([
	...cased(["y", "yes", "true", "on"], { value: true }),
	...cased(["n", "no", "false", "off"], { value: false }),
	...cased(["null"], { value: null }),
	...["", "~"].map((word): [string, PlainScalar] => [word, { value: null }]),
	...[".nan", ".NaN", ".NAN"].map((word): [string, PlainScalar] => [word, { value: Number.NaN, float: true }]),
	...cased([".inf", "+.inf"], { value: Number.POSITIVE_INFINITY, float: true }),
	...cased(["-.inf"], { value: Number.NEGATIVE_INFINITY, float: true }),
]);

function cased(words: readonly string[], meaning: PlainScalar): [string, PlainScalar][] {
	const title = (word: string) => word.replace(/[a-z]/, (letter) => letter.toUpperCase());
	return words.flatMap((word) =>
		[word, title(word), word.toUpperCase()].map((form): [string, PlainScalar] => [form, meaning]),
	);
}

/**
 * Reads an unquoted scalar as BOSH does (gopkg.in/yaml.v2): y, yes and on are booleans, a leading 0 is octal, `_` may stand in
 * numbers, `08` and `1.` are decimals, times and dates are texts.
 */
export function readPlain(text: string): PlainScalar {
	const word = WORDS.get(text);
	if (word) return word;
	if (text.startsWith(".")) return readFloat(text) ?? { value: text };
	if (!/^[-+0-9]/.test(text)) return { value: text };
	const bare = text.replaceAll("_", "");
	return readInteger(bare) ?? readFloat(bare) ?? { value: text };
}

function readInteger(text: string): PlainScalar | undefined {
	const match = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))$/.exec(text);
	if (!match) return undefined;
	const [, sign, hex, binary, octal, decimal] = match;
	const size = BigInt(hex ? `0x${hex}` : binary ? `0b${binary}` : octal ? `0o${octal}` : (decimal ?? "0"));
	const value = sign === "-" ? -size : size;
	if (value < -(2n ** 63n) || value >= 2n ** 64n || (sign !== "" && value >= 2n ** 63n)) return undefined;
	return { value: Number.isSafeInteger(Number(value)) ? Number(value) : value };
}

function readFloat(text: string): PlainScalar | undefined {
	if (!/^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/.test(text)) return undefined;
	const value = Number(text);
	return Number.isFinite(value) ? { value, float: true } : undefined;
}

/** A decimal number as BOSH prints it (Go's shortest `%g`): 1000000.0 is `1e+06`. */
export function formatFloat(value: number): string {
	if (Number.isNaN(value)) return ".nan";
	if (!Number.isFinite(value)) return value > 0 ? ".inf" : "-.inf";
	const [mantissa = "", exponent = "0"] = value.toExponential().split("e");
	const power = Number(exponent);
	if (power >= -4 && power < 6) return Object.is(value, -0) ? "-0" : String(value);
	return `${mantissa}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}
