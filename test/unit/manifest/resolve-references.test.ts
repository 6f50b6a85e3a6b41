import { expect, test } from "vitest";
import { referencedNames, resolveReferences } from "../../../src/manifest/resolve-references.ts";

const properties = {
	tls: "((cert))",
	key: "((cert.private_key))",
	url: "http://u:((/dep/pw))@h",
	later: ["((other))"],
};

test("the names that properties refer to, each once", () => {
	expect(referencedNames(properties)).toEqual(["cert", "/dep/pw", "other"]);
});

test("generated values go where they are referred to, whole or in part", () => {
	const cert = { ca: "CA", private_key: "KEY" };
	expect(resolveReferences(properties, { cert, "/dep/pw": "x" })).toEqual({
		tls: cert,
		key: "KEY",
		url: "http://u:x@h",
		later: ["((other))"],
	});
});

test("a part that a value lacks is an error without the value", () => {
	expect(() => resolveReferences({ a: "((cert.nope))" }, { cert: { ca: "SECRET" } })).toThrow(
		'((cert.nope)): the variable "cert" has a value, but not this part of it: no key "nope" at "/nope"; keys there: "ca"',
	);
});
