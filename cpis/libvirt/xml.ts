/** An element of what libvirt prints. `text` is all that stands directly in it. */
export interface Element {
	readonly name: string;
	readonly attributes: Readonly<Record<string, string>>;
	readonly children: readonly Element[];
	readonly text: string;
}

interface Open {
	readonly name: string;
	readonly attributes: Record<string, string>;
	readonly children: Element[];
	text: string;
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function unescapeXml(text: string): string {
	return text.replace(/&(#x?)?([0-9a-zA-Z]+);/g, (whole, numeric: string | undefined, name: string) => {
		if (numeric === undefined) return entities[name] ?? whole;
		return String.fromCodePoint(Number.parseInt(name, numeric === "#x" ? 16 : 10));
	});
}

/** Text as it may stand in an element or a quoted attribute. */
export function escapeXml(text: string | number): string {
	return String(text).replace(/[<>&'"]/g, (char) => `&#${char.codePointAt(0)};`);
}

const token =
	/<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\/([^\s>]+)\s*>|<([^\s/>]+)((?:\s+[^\s=]+=(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|([^<]+)/g;

function attributesOf(text: string): Record<string, string> {
	const found = text.matchAll(/([^\s=]+)=(?:"([^"]*)"|'([^']*)')/g);
	return Object.fromEntries(
		[...found].map(([, name = "", double, single]) => [name, unescapeXml(double ?? single ?? "")]),
	);
}

/** Reads the XML that libvirt prints (well-formed, without a document type). Undefined if it isn't. */
export function parseXml(source: string): Element | undefined {
	const root: Open = { name: "", attributes: {}, children: [], text: "" };
	const open: Open[] = [root];
	for (const [, cdata, closed, name, attributes = "", empty, text] of source.matchAll(token)) {
		const current = open.at(-1);
		if (!current) return undefined;
		if (cdata !== undefined) current.text += cdata;
		else if (text !== undefined) current.text += unescapeXml(text);
		else if (name !== undefined) {
			const made: Open = { name, attributes: attributesOf(attributes), children: [], text: "" };
			current.children.push(made);
			if (empty !== "/") open.push(made);
		} else if (closed !== undefined && open.pop()?.name !== closed) return undefined;
	}
	return open.length === 1 ? root.children[0] : undefined;
}

/** All elements at a path of names below an element. */
export function at(element: Element | undefined, path: string): readonly Element[] {
	const from = element ? [element] : [];
	return path
		.split("/")
		.reduce<readonly Element[]>(
			(found, name) => found.flatMap(({ children }) => children.filter((child) => child.name === name)),
			from,
		);
}
