import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { CpiInfo } from "../../src/cpi/cpi.ts";
import { type Bench, type Cloud, expectNoResidue, openBench, patient } from "./cpi/cloud.ts";
import { diskTests } from "./cpi/disks.ts";
import { interruptedTests } from "./cpi/interrupted.ts";
import { networkTests } from "./cpi/networks.ts";
import { ownerTests } from "./cpi/owners.ts";
import { snapshotTests } from "./cpi/snapshots.ts";
import { vmTests } from "./cpi/vms.ts";

/** What src/cpi/cpi.ts asks of every CPI, tried on a cloud. What a cloud lacks is skipped with a message. */
export function cpiContract(name: string, open: () => Promise<Cloud>): void {
	describe(`CPI: ${name}`, () => {
		let bench: Bench;
		beforeAll(async () => {
			bench = await openBench(await open());
		});
		afterEach(async () => {
			await bench.clear(bench.owner);
			await expectNoResidue(bench.cloud, "left when `list` tells of nothing");
		});
		afterAll(async () => {
			try {
				await bench?.cpi.deleteStemcell(bench.stemcell, patient);
				expect(bench && (await bench.list(bench.owner, "image"))).toEqual([]);
			} finally {
				await bench?.cloud.close();
			}
		});
		const there = () => bench;

		test("it says who it is and what it can do", () => {
			const info: CpiInfo = bench.cpi.info();
			expect(info).toMatchObject({ apiVersion: 2, name: expect.stringMatching(/^[a-z0-9-]+$/) });
			expect(info.can).toMatchObject({ firstContact: expect.any(Array) });
			expect(info.can.firstContact).not.toEqual([]);
		});
		test("a stemcell: the same key gives the same one, found and listed; deleted twice", async () => {
			const image = { ...bench.cloud.image, key: `davit-${crypto.randomUUID()}`, owner: bench.owner };
			const cid = await bench.cpi.createStemcell(image, patient);
			expect(await bench.cpi.createStemcell(image, patient)).toBe(cid);
			expect(await bench.cpi.find(image.key, patient)).toMatchObject({ kind: "image", cid, owner: bench.owner });
			expect((await bench.list(bench.owner, "image")).map((found) => found.cid).sort()).toEqual(
				[cid, bench.stemcell].sort(),
			);
			await bench.cpi.deleteStemcell(cid, patient);
			await bench.cpi.deleteStemcell(cid, patient);
			expect(await bench.cpi.find(image.key, patient)).toBeUndefined();
		});
		describe("VMs", () => vmTests(there));
		describe("networks", () => networkTests(there));
		describe("disks", () => diskTests(there));
		describe("snapshots", () => snapshotTests(there));
		describe("owners", () => ownerTests(there));
		describe("interrupted", () => interruptedTests(there));
	});
}
