import fc from "fast-check";
import { expect, test } from "vitest";
import { UserError } from "../../../src/errors.ts";
import { type Key, loadKey } from "../../../src/variables/key.ts";
import { openSealed, seal } from "../../../src/variables/seal.ts";
import { systemRandom } from "../../support/manual-clock.ts";

const load = (secret: string): Promise<Key> =>
	loadKey({
		...{ env: { DAVIT_KEY: secret }, file: "/none/key", storeFolder: "/none/store", mayCreate: false },
		random: systemRandom,
	});
const key = await load("0".repeat(64));
const other = await load("1".repeat(64));
const place = { key, deployment: "min-4", name: "db_password", version: 1 };
const sealed = (text: string) => seal(text, { ...place, random: systemRandom });

function refusal(work: () => unknown): UserError {
	try {
		work();
	} catch (error) {
		if (error instanceof UserError) return error;
		throw error;
	}
	throw new Error("was not refused");
}

test("what was sealed is opened as it was, and never looks the same twice", () => {
	fc.assert(
		fc.property(fc.string({ unit: "grapheme", maxLength: 5000 }), (text) => {
			const [one, two] = [sealed(text), sealed(text)];
			expect(openSealed(one, place)).toBe(text);
			expect(one).not.toBe(two);
			expect(one).toMatch(new RegExp(`^davit1\\.${key.id}\\.[A-Za-z0-9_-]+$`));
		}),
	);
});

test.each([
	["another deployment", { deployment: "min-7" }],
	["another name", { name: "other" }],
	["another version", { version: 2 }],
])("it doesn't open as %s", (_, elsewhere) => {
	const refused = refusal(() => openSealed(sealed("secret-value"), { ...place, ...elsewhere }));
	expect(refused.problems[0]?.code).toBe("sealed-damaged");
	expect(refused.problems[0]?.hint).toBe("restore the state store from a backup");
});

test("a change of any character is seen", () => {
	const text = sealed("secret-value");
	const body = text.lastIndexOf(".") + 1;
	fc.assert(
		fc.property(fc.integer({ min: 0, max: text.length - 1 }), fc.constantFrom("A", "b", "_", ".", ""), (at, letter) => {
			const changed = text.slice(0, at) + letter + text.slice(at + 1);
			// Base64's last letter may hold bits that mean nothing.
			const same =
				changed === text ||
				(at >= body &&
					Buffer.from(changed.slice(body), "base64url").equals(Buffer.from(text.slice(body), "base64url")));
			fc.pre(!same);
			expect(refusal(() => openSealed(changed, place)).message).not.toContain("secret-value");
		}),
	);
});

test("with another key, both keys and where the one at hand came from are named", () => {
	const refused = refusal(() => openSealed(sealed("secret-value"), { ...place, key: other }));
	expect(refused.message).toBe(
		`variable db_password of min-4 is sealed with key ${key.id}; the key at hand is ${other.id}`,
	);
	expect(refused.problems[0]?.hint).toContain("the key came from DAVIT_KEY:");
});
