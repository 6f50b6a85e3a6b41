import { existsSync, readFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { World } from "./acceptance.ts";

const SETTINGS = /^(NODE_EXTRA_CA_CERTS|npm_config_(registry|cafile|strict_ssl)|(npm_config_)?(https?_|no)?proxy)$/i;

/**
 * Gives a world the npm client as it is set up for whoever runs the tests: the example release's blobs come through it, once for all runs. The
 * answer is the environment of davit in it.
 */
export function npmEnvironment(world: World): Readonly<Record<string, string>> {
	const npmrc = join(homedir(), ".npmrc");
	if (existsSync(npmrc)) world.write(".npmrc", readFileSync(npmrc, "utf8"), 0o600);
	const settings = Object.entries(process.env).flatMap(([name, value = ""]) =>
		SETTINGS.test(name) ? [[name, value] as const] : [],
	);
	return {
		...Object.fromEntries(settings),
		npm_config_cache: join(tmpdir(), `davit-acceptance-npm-${world.user.id ?? process.getuid?.()}`),
	};
}
