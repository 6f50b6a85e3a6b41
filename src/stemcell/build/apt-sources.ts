import type { OperatingSystem } from "./operating-system.ts";

/** One place that apt fetches from. */
export interface AptSource {
	readonly uri: string;
	readonly suite: string;
	readonly components: readonly string[];
}

/** What the text of a `.list` file (sources.list(5), one line each) or a `.sources` file (deb822) names; source packages are left out. */
export function parseAptSources(text: string, form: "list" | "sources"): AptSource[] {
	return form === "list" ? text.split("\n").flatMap(oneLine) : text.split(/\n[ \t]*\n/).flatMap(stanza);
}

function oneLine(line: string): AptSource[] {
	const [, uri, suite, components] = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line) ?? [];
	return uri === undefined || suite === undefined ? [] : [{ uri, suite, components: words(components) }];
}

function stanza(text: string): AptSource[] {
	const lines = text.split("\n").filter((line) => !line.startsWith("#"));
	const fields = new Map<string, string>();
	let last = "";
	for (const line of lines) {
		const [, name, value] = /^(\S+?):(.*)$/.exec(line) ?? [];
		if (name !== undefined) last = name.toLowerCase();
		fields.set(last, `${fields.get(last) ?? ""} ${value ?? line}`);
	}
	const of = (name: string) => words(fields.get(name));
	if (!of("types").includes("deb") || of("enabled")[0] === "no") return [];
	return of("uris").flatMap((uri) => of("suites").map((suite) => ({ uri, suite, components: of("components") })));
}

const words = (text = "") => text.split(/\s+/).filter((word) => word !== "");

const DEBIAN_RELEASES =
	/^(buster|bullseye|bookworm|trixie|forky|duke|sid|stable|testing|unstable|oldstable)(-updates|-security|\/updates)?$/;
const UBUNTU_RELEASES = /^(focal|jammy|noble|oracular|plucky|questing|resolute)(-updates|-security)?$/;
const SECURITY = /(-security|\/updates)$/;

/** Where a distribution's packages come from. */
export interface Mirror {
	readonly archive: string;
	/** Undefined: none is known, and the image has no security updates beyond those of the archive. */
	readonly security: string | undefined;
}

/** The mirror that apt's own sources name for the distribution, whichever of its releases they are for. */
export function mirrorOf(sources: readonly AptSource[], { distribution }: OperatingSystem): Mirror | undefined {
	const releases = distribution === "debian" ? DEBIAN_RELEASES : UBUNTU_RELEASES;
	const own = sources.filter(
		({ uri, suite, components }) =>
			/^(https?|ftp|file|copy):/.test(uri) && releases.test(suite) && components.includes("main"),
	);
	const archive = own.find(({ suite }) => !SECURITY.test(suite));
	const security = own.find(({ suite }) => SECURITY.test(suite));
	return archive && { archive: archive.uri, security: security?.uri };
}

/** The lines that mmdebstrap reads: the release, its updates and its security updates. */
export function sourceLines(os: OperatingSystem, { archive, security }: Mirror, keyring: string): string {
	const components = os.distribution === "debian" ? "main" : "main universe";
	const line = (uri: string, suite: string) => `deb [signed-by=${keyring}] ${uri} ${suite} ${components}\n`;
	const updates = security === undefined ? "" : line(security, `${os.suite}-security`);
	return line(archive, os.suite) + line(archive, `${os.suite}-updates`) + updates;
}
