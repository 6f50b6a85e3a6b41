import type { Clock, Random } from "../clock.ts";
import { UserError } from "../errors.ts";
import type { Value, VariableDefinition } from "../manifest/deployment.ts";
import { readAuthority } from "./authority.ts";
import { makeRsa, makeSsh } from "./key-pair.ts";
import { certificateOptions, checkOptions, passwordLength } from "./options.ts";
import { makePassword } from "./password.ts";

/**
 * Makes one variable's value. Passwords are instant, keys and certificates take up to seconds on another thread.
 * `lookup` gives the value of the CA that signs. Throws a UserError if an option or the CA is no good.
 */
export async function makeVariable(
	definition: VariableDefinition,
	lookup: (name: string) => Value | undefined,
	{ clock, random }: { readonly clock: Clock; readonly random: Random },
): Promise<Value> {
	const { type, options } = definition;
	const problems = checkOptions(definition);
	if (problems.length > 0) throw new UserError(problems);
	if (type === "password") return makePassword(passwordLength(options), random);
	if (type === "rsa") return makeRsa();
	if (type === "ssh") return makeSsh();
	const certificate = certificateOptions(options);
	const { ca } = certificate;
	const authority = ca === undefined ? undefined : readAuthority(definition, ca, lookup(ca), clock.now());
	const { makeCertificate } = await import("./certificate.ts");
	return makeCertificate(certificate, authority, { clock, random });
}
