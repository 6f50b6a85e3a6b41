/**
 * A bash text written as a template: backslashes stay as they are, and only `\${` and a backslash before a backtick lose theirs,
 * since a template can't hold them bare. The line break after the opening backtick is left out.
 */
export function bash(text: TemplateStringsArray): string {
	return (text.raw[0] ?? "").replace(/^\n/, "").replace(/\\(\$\{|`)/g, "$1");
}
