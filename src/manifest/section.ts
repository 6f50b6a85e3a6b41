import { z } from "zod";
import type { Value, ValueMap } from "./deployment.ts";

/** What a section says about keys that it doesn't take. */
export interface SectionNotes {
	/** Keys of BOSH that davit does not do, each with what to do instead. */
	readonly notYet?: Readonly<Record<string, string>>;
	/** Keys that BOSH has in another file, or had in another version, each with where that is. */
	readonly notHere?: Readonly<Record<string, string>>;
}

const notes = new WeakMap<object, SectionNotes>();

/** A map with these keys and no others; `more` names those of BOSH that are refused by name. */
export function section<Shape extends z.ZodRawShape>(shape: Shape, more: SectionNotes = {}) {
	const schema = z.strictObject(shape);
	notes.set(schema, more);
	return schema;
}

/** The notes given to `section`. */
export function notesOf(schema: object): Required<SectionNotes> {
	return { notYet: {}, notHere: {}, ...notes.get(schema) };
}

/** A key that may be left out. Null means the same, as in BOSH. */
export function optional<Inner extends z.ZodType>(inner: Inner) {
	return inner.nullish().transform((value) => value ?? undefined);
}

/** A key that BOSH knows and that means nothing here. */
export const ignored = z.unknown().optional();

/** BOSH takes a number where a text is wanted: `version: 49`. */
export const text = z.union([z.string().min(1), z.number().transform(String)], "a text");

export const count = z.int().min(0);

export const flag = z.boolean();

/** Free data: properties, cloud properties, env. */
export const valueMap = z
	.custom<ValueMap>((value) => typeof value === "object" && value !== null && !Array.isArray(value), "a map")
	.meta({ type: "object" });

export const anyValue = z.custom<Value>(() => true);

/** Lists of names. */
export const names = z.array(text);

export const textMap = z.record(
	z.string(),
	z.union([z.string(), z.number().transform(String), z.boolean().transform(String)], "a text"),
);

/** The same without the keys whose value is undefined, which is how the model leaves things out. */
export function compact<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
	return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as {
		[K in keyof T]: Exclude<T[K], undefined>;
	};
}
