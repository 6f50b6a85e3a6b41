import fc from "fast-check";
import { expect, test } from "vitest";
import { BYTES_PER_INODE, layoutFor, rootBytes, SECTOR } from "../../../../src/stemcell/build/layout.ts";

const MIB = 1024 * 1024;

const trees = fc.record({ bytes: fc.integer({ min: 0, max: 2 ** 34 }), files: fc.integer({ min: 1, max: 2_000_000 }) });

test("the root has room for the tree's bytes and inodes, and is a multiple of 256 MiB", () => {
	fc.assert(
		fc.property(trees, (tree) => {
			const bytes = rootBytes(tree);
			expect(bytes % (256 * MIB)).toBe(0);
			expect(bytes).toBeGreaterThan(tree.bytes + tree.files * 256);
			expect(bytes / BYTES_PER_INODE).toBeGreaterThan(tree.files);
		}),
	);
});

test("partitions begin at full MiB, don't overlap, and the root is the last, before the table's backup", () => {
	fc.assert(
		fc.property(trees, fc.constantFrom("amd64" as const, "arm64" as const), (tree, arch) => {
			const root = rootBytes(tree);
			const { bios, esp, root: last, sectors } = layoutFor(arch, root);
			for (const { start, sectors: length } of [bios, esp, last]) {
				expect((start * SECTOR) % MIB).toBe(0);
				expect((length * SECTOR) % MIB).toBe(0);
			}
			expect(bios.start).toBeGreaterThanOrEqual(34);
			expect(bios.start + bios.sectors).toBeLessThanOrEqual(esp.start);
			expect(esp.start + esp.sectors).toBeLessThanOrEqual(last.start);
			expect(last.sectors * SECTOR).toBe(root);
			expect(last.start + last.sectors + 33).toBeLessThanOrEqual(sectors);
		}),
	);
});
