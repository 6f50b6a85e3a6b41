import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { mirrorOf } from "../../src/stemcell/build/apt-sources.ts";
import { machineSources } from "../../src/stemcell/build/machine-sources.ts";
import { operatingSystems } from "../../src/stemcell/build/operating-system.ts";
import { missingPrograms } from "../../src/stemcell/build/programs.ts";

const DAVIT = join(import.meta.dirname, "../../bin/davit");

/** Images that all tests of this user on this machine share; they may be read, never written. */
export const imagesFolder =
	process.env.DAVIT_TEST_IMAGES ?? join(tmpdir(), `davit-test-images-${process.getuid?.() ?? "none"}`);

/** The system of these images: debian-12, or what DAVIT_TEST_SYSTEM names. */
const system = process.env.DAVIT_TEST_SYSTEM ?? "debian-12";

/** Why no image can be built here, for a test that is skipped; undefined where one can. */
export const whyNoImage: string | undefined = await (async () => {
	const os = operatingSystems.find(({ name }) => name === system);
	if (!os || process.arch !== "x64") return "images are built for amd64";
	const missing = await missingPrograms(os, "amd64", process.getuid?.() === 0 ? "root" : "unshare");
	if (missing.length > 0) return missing.map(({ message }) => message).join("; ");
	return mirrorOf(await machineSources(), os) ? undefined : "apt of this machine names no mirror of Debian";
})();

/** The path of a prepared image of that system. The first who asks builds it (minutes), the others wait. */
export const preparedImage = (): Promise<string> => image([]);

/** The path of a plain image of it, as {@link preparedImage}. */
export const plainImage = (): Promise<string> => image(["--plain"]);

async function image(options: readonly string[]): Promise<string> {
	mkdirSync(imagesFolder, { recursive: true });
	const build = [DAVIT, "build-stemcell", "--json", system, "--output", imagesFolder, ...options];
	// Test files run in processes of their own: one builds, and then it is there for all.
	const lock = join(imagesFolder, `lock-${system}${options.join("")}`);
	const env = { ...process.env, DAVIT_HOME: imagesFolder };
	const { stdout } = await promisify(execFile)("flock", [lock, ...build], { env, maxBuffer: 64 * 1024 * 1024 });
	const events = stdout
		.split("\n")
		.filter((line) => line.startsWith("{"))
		.map((line) => JSON.parse(line) as { type: string; rows?: readonly { image: string }[] });
	const built = events.find(({ type }) => type === "table")?.rows?.[0]?.image;
	if (built === undefined) throw new Error(`no image was built:\n${stdout}`);
	return built;
}
