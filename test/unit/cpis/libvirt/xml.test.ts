import fc from "fast-check";
import { expect, test } from "vitest";
import { at, escapeXml, parseXml } from "../../../../cpis/libvirt/xml.ts";

test("elements at a path, attributes in either quote, entities, comments, empty elements", () => {
	const source = `<?xml version="1.0"?><!-- a --><d id='7'><x><t a="1&lt;2" b='"'/><t>한 &amp; &#x41;<![CDATA[<raw>]]></t></x></d>`;
	const xml = parseXml(source);
	expect(xml?.attributes).toEqual({ id: "7" });
	expect(at(xml, "x/t").map(({ attributes, text }) => [attributes, text])).toEqual([
		[{ a: "1<2", b: '"' }, ""],
		[{}, "한 & A<raw>"],
	]);
});

test.each(["<a><b></a>", "<a>", "</a>"])("%s is no document", (source) => {
	expect(parseXml(source)).toBeUndefined();
});

test("what is escaped is read as it was", () => {
	fc.assert(
		fc.property(fc.string({ unit: "grapheme" }), (text) => {
			expect(parseXml(`<a b='${escapeXml(text)}'>${escapeXml(text)}</a>`)).toMatchObject({
				text,
				attributes: { b: text },
			});
		}),
	);
});
