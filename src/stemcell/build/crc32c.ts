const POLYNOMIAL = 0x82f63b78;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
	let value = byte;
	for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
	return value >>> 0;
});

/** CRC-32C (Castagnoli) as ext4 uses it: goes on from `seed`, and nothing is inverted at either end. */
export function crc32c(bytes: Uint8Array, seed: number): number {
	let value = seed;
	for (const byte of bytes) value = (value >>> 8) ^ (table[(value ^ byte) & 0xff] ?? 0);
	return value >>> 0;
}
