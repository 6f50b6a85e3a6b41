/** Names that people give, or that break what is put together from text. */
export const hostile: Readonly<Record<string, string>> = {
	"quotes, spaces and slashes": `it's "a/b" \\ $(touch /tmp/x) \`id\` ; 'c d'/0`,
	"leading dashes": "--help -rf",
	"Korean text and an emoji": "데이터베이스 서버/0 🚀",
	"dots that lead elsewhere": "../../../etc/passwd",
	"line breaks, tabs, commas and colons": "a\nb\tc,d:e",
	"many letters": "가나다라-0123456789/".repeat(60),
};
