import type { z } from "zod";
import type { CloudProperties } from "./cpi.ts";
import { CpiError } from "./errors.ts";

/** True if two words differ by one letter, or by two that are swapped. */
function isNearMiss(one: string, other: string): boolean {
	if (one === other || Math.abs(one.length - other.length) > 1) return false;
	let start = 0;
	while (start < one.length && one[start] === other[start]) start++;
	const [rest, expected] = [one.slice(start), other.slice(start)];
	const swapped = `${rest[1] ?? ""}${rest[0] ?? ""}${rest.slice(2)}`;
	return (
		rest.slice(1) === expected.slice(1) ||
		rest.slice(1) === expected ||
		rest === expected.slice(1) ||
		swapped === expected
	);
}

/**
 * Reads a `cloud_properties` block; all problems are in one error. Keys of another IaaS are let through, since BOSH merges
 * blocks of several; what is one letter away from a key of ours is refused, unless `others` names it.
 */
export function readCloudProperties<Schema extends z.ZodObject>(
	schema: Schema,
	given: CloudProperties,
	of: { readonly iaas: string; readonly operation: string; readonly what: string; readonly others?: readonly string[] },
): z.output<Schema> {
	const known = Object.keys(schema.shape);
	const misspelt = Object.keys(given).flatMap((key) => {
		if (known.includes(key) || of.others?.includes(key)) return [];
		const meant = known.find((candidate) => isNearMiss(key.toLowerCase().replaceAll("-", "_"), candidate));
		return meant === undefined ? [] : [`${key}: did you mean "${meant}"?`];
	});
	const parsed = schema.safeParse(given);
	const wrong = parsed.success
		? []
		: parsed.error.issues.map((issue) => `${issue.path.join("/") || "cloud_properties"}: ${issue.message}`);
	const problems = [...wrong, ...misspelt];
	if (parsed.success && problems.length === 0) return parsed.data;
	throw new CpiError(`cloud_properties of ${of.what}: ${problems.join("; ")}`, {
		kind: "invalid",
		iaas: of.iaas,
		operation: of.operation,
		hint: "correct them in the cloud config",
	});
}
