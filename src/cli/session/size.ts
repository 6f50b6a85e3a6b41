/** `512 KiB`, `1.5 GiB`. */
export function formatSize(kib: number): string {
	const units = ["KiB", "MiB", "GiB", "TiB"];
	const power = Math.min(Math.max(0, Math.floor(Math.log2(Math.max(kib, 1)) / 10)), units.length - 1);
	const count = kib / 1024 ** power;
	return `${power === 0 ? Math.ceil(count) : count.toFixed(1)} ${units[power]}`;
}
