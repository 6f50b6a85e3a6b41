import { execFileSync } from "node:child_process";
import { join } from "node:path";

const checkout = join(import.meta.dirname, "../..");

/** The package as somebody has it after `npm install --global`. */
export interface Installed {
	/** The command's path. */
	readonly davit: string;
	/** The package's folder. */
	readonly folder: string;
	/** Paths in the tarball, sorted. */
	readonly packed: readonly string[];
}

/** Standard output of the npm client, run in the checkout. */
function npm(args: readonly string[]): string {
	return execFileSync("npm", [...args, "--loglevel=error"], { cwd: checkout, encoding: "utf8" });
}

/** Installs packages with these options. What is in npm's cache is not fetched again, and no install script runs. */
export function npmInstall(args: readonly string[]): void {
	const how = ["--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--no-update-notifier"];
	npm(["install", ...how, ...args]);
}

/** Builds and packs this checkout, and installs the tarball in an empty prefix below `folder`. */
export function installPackage(folder: string): Installed {
	const [tarball] = JSON.parse(npm(["pack", "--json", "--pack-destination", folder])) as readonly [
		{ filename: string; files: readonly { path: string }[] },
	];
	const prefix = join(folder, "prefix");
	npmInstall(["--global", "--prefix", prefix, join(folder, tarball.filename)]);
	return {
		davit: join(prefix, "bin/davit"),
		folder: join(prefix, "lib/node_modules/davit-cli"),
		packed: tarball.files.map(({ path }) => path).sort(),
	};
}
