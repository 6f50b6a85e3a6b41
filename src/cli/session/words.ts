/** A command's words (options are out already) before and after the `--` of the command line; commander tells no difference. */
export function splitAtDashes(
	words: readonly string[],
	argv: readonly string[],
): { readonly before: readonly string[]; readonly after: readonly string[] } {
	const at = argv.indexOf("--");
	const after = at < 0 ? 0 : argv.length - at - 1;
	return { before: words.slice(0, words.length - after), after: words.slice(words.length - after) };
}
