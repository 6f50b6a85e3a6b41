import { type Problem, problem } from "../../errors.ts";

const NO_SPACE = /No space left on device|ENOSPC|Disk quota exceeded/;
const UNREACHABLE = /^E: (Failed to fetch|The repository .* (is not signed|does not have a Release file))/m;
/** mmdebstrap's own account of what apt has said already. */
const NOISE = /^E: (apt-get .* failed|mmdebstrap failed to run|Some index files failed|setup failed|run_chroot failed)/;

/** Why a program failed, from the lines that it wrote: what it calls errors if it does, else the last of them. */
export function failureOf(program: string, code: number | null, lines: readonly string[]): Problem {
	const errors = lines.filter((line) => /^E: /.test(line) && !NOISE.test(line));
	const text = lines.join("\n");
	if (NO_SPACE.test(text))
		return problem("no-space", `${program}: there is no space left on the device`, {
			hint: "make room, or choose another folder with --output; an ordinary user's build needs room in TMPDIR too",
		});
	if (UNREACHABLE.test(text))
		return problem("mirror-unreachable", `the mirror does not give what is needed:\n${shown(errors)}`, {
			hint: "check its address, the network and the proxy (http_proxy), or name another with --mirror",
		});
	if (/Unable to locate package|has no installation candidate|Unable to correct problems/.test(text))
		return problem("missing-package", `the mirror lacks packages of the image:\n${shown(errors)}`, {
			hint: "name a whole mirror of the distribution with --mirror",
		});
	const end = code === null ? "was ended by a signal" : `failed with ${code}`;
	return problem("build-failed", `${program} ${end}:\n${shown(errors.length > 0 ? errors : lines.slice(-15))}`);
}

function shown(lines: readonly string[]): string {
	const all = [...new Set(lines.map((line) => `  ${line.replace(/^E: /, "").replace(/\s+/g, " ").trim()}`))];
	return [...all.slice(0, 6), ...(all.length > 6 ? [`  and ${all.length - 6} more`] : [])].join("\n");
}
