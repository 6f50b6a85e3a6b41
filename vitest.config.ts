import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** They boot real guests, one file at a time: without KVM each takes a processor for minutes. */
const guests = ["contract/guest-*", "contract/libvirt*", "acceptance/libvirt*", "acceptance/stemcell-image"].map(
	(name) => `test/${name}.test.ts`,
);

export default defineConfig({
	test: {
		// Most of the time of most of it is waiting.
		maxWorkers: Math.max(2, availableParallelism() - 1),
		projects: [
			{ test: { name: "unit", include: ["test/unit/**/*.test.ts"], testTimeout: 30_000 } },
			{
				test: {
					name: "contract",
					include: ["test/contract/**/*.test.ts"],
					exclude: guests,
					testTimeout: 120_000,
					hookTimeout: 120_000,
				},
			},
			{
				test: {
					name: "acceptance",
					include: ["test/acceptance/**/*.test.ts"],
					exclude: guests,
					testTimeout: 300_000,
					hookTimeout: 300_000,
				},
			},
			{
				test: {
					name: "guests",
					include: guests,
					testTimeout: 900_000,
					hookTimeout: 900_000,
					fileParallelism: false,
				},
			},
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
