import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const files = (...names: readonly string[]) => names.map((name) => `test/${name}.test.ts`);
/** It boots real guests: without KVM each takes a processor for minutes. */
const guests = files("acceptance/libvirt");
/** More of them, for which there is no time at every push. */
const moreGuests = files(
	"acceptance/libvirt-*",
	"acceptance/stemcell-image",
	"contract/libvirt*",
	"contract/guest-disks",
	"contract/guest-p*",
);
/** They take minutes each: `npm run test:more`. */
const more = files(
	"acceptance/adopt",
	"acceptance/clean-up",
	"acceptance/cloud-check",
	"acceptance/compilation-vms",
	"acceptance/disk-copy",
	"acceptance/errand-runs",
	"acceptance/hook-of-many",
	"acceptance/object-store",
	"acceptance/peers",
	"acceptance/rolling-update",
	"acceptance/several-disks",
	"acceptance/swap",
	"acceptance/watch",
);
const onGuests = { testTimeout: 1_800_000, hookTimeout: 1_800_000, fileParallelism: false };

export default defineConfig({
	test: {
		// Most of the time of most of it is waiting.
		maxWorkers: Math.max(4, availableParallelism() - 1),
		projects: [
			{ test: { name: "unit", include: ["test/unit/**/*.test.ts"], testTimeout: 30_000 } },
			{
				test: {
					name: "contract",
					include: ["test/contract/**/*.test.ts"],
					exclude: [...guests, ...moreGuests],
					testTimeout: 120_000,
					hookTimeout: 120_000,
				},
			},
			{
				test: {
					name: "acceptance",
					include: ["test/acceptance/**/*.test.ts"],
					exclude: [...guests, ...moreGuests, ...more],
					testTimeout: 300_000,
					hookTimeout: 300_000,
				},
			},
			{ test: { name: "more", include: more, testTimeout: 300_000, hookTimeout: 300_000 } },
			{ test: { name: "guests", include: guests, ...onGuests } },
			{ test: { name: "guests-more", include: moreGuests, ...onGuests } },
			{
				test: {
					name: "package",
					include: ["test/package/**/*.test.ts"],
					globalSetup: "test/package/install.ts",
					testTimeout: 300_000,
					hookTimeout: 300_000,
					fileParallelism: false,
				},
			},
		],
	},
});
