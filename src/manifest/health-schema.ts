import { z } from "zod";
import type { ServiceCheck } from "./deployment.ts";
import { compact, optional, section, text } from "./section.ts";

const check = section({
	port: z.int().min(1).max(65_535).describe("The port that must take connections."),
	path: optional(z.string().regex(/^\/[!-~]*$/, "a path such as /health")).describe(
		"With it, an HTTP GET of this path is answered; without TLS.",
	),
	status: optional(z.array(z.int().min(100).max(599))).describe("Statuses of a good answer (default: 200 to 399)."),
	address: optional(text).describe("Where on the VM: the instance's address, unless given, such as 127.0.0.1."),
}).transform(({ port, path, status, address }): ServiceCheck => ({ port, ...compact({ path, status, address }) }));

/** `health:` of a job or a group. */
export const health = optional(z.array(check)).describe(
	"davit's own. What davit watch asks on the VM at each look, besides its processes: a service that three looks in a row find deaf is restarted with its jobs.",
);
