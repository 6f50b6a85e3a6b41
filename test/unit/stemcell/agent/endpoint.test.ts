import { X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { manualClock } from "../../../support/manual-clock.ts";
import { ENDPOINT, endpointAt } from "./agents.ts";

test("an endpoint is made out to its own agent, for two days, and shares nothing with another", async () => {
	const clock = manualClock(Date.UTC(2026, 0, 1));
	const endpoint = await endpointAt(clock);
	const certificate = new X509Certificate(endpoint.certificate.certificate);
	expect(certificate.subjectAltName).toBe(`DNS:${endpoint.agentId}`);
	expect(certificate.validToDate).toEqual(new Date(Date.UTC(2026, 0, 3)));
	expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
	expect(endpoint.certificate.private_key).toContain("BEGIN RSA PRIVATE KEY");
	expect(endpoint.password).toMatch(/^[A-Za-z0-9_-]{43}$/);
	const shared = (["agentId", "password"] as const).filter((key) => endpoint[key] === ENDPOINT[key]);
	expect(shared).toEqual([]);
	expect(endpoint.certificate.ca).not.toBe(ENDPOINT.certificate.ca);
});
