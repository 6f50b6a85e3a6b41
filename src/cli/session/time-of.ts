import { problem, UserError } from "../../errors.ts";

/** RFC 3339, or as BOSH takes it without a zone: `2026-11-28T09:30:00Z`, `2026-11-28 09:30:00`. */
const TIME = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d(?:\.\d{1,9})?) ?([Zz]|UTC|[+-]\d\d:\d\d)?$/;

/** What a flag gives as a time, in ms since 1970; UTC unless it names a zone. Undefined: not given. Throws a UserError (exit code 64) for anything else. */
export function timeOf(given: string | undefined, flag: string): number | undefined {
	if (given === undefined) return undefined;
	const [, date = "", time = "", zone = "Z"] = TIME.exec(given) ?? [];
	// Days that a month does not have are counted on into the next.
	const isDay = new Date(Date.parse(`${date}T00:00:00Z`) || 0).toISOString().startsWith(date) && date !== "";
	const at = Date.parse(`${date}T${time}${/^[zZU]/.test(zone) ? "Z" : zone}`);
	if (isDay && !Number.isNaN(at)) return at;
	throw new UserError(
		problem("usage", `${flag} ${given} is no time`, {
			hint: `write it as RFC 3339 does: ${flag} 2026-11-28T09:30:00Z`,
		}),
		{ exitCode: 64 },
	);
}
