import type { CreateCpi } from "../cpi/cpi.ts";
import { loadCpi } from "../cpi/registry.ts";
import type { SshOptions } from "../ssh/pool.ts";
import type { Ssh } from "../ssh/ssh.ts";
import { openSqliteStore, type SqliteStore, type SqliteStoreOptions } from "../state/sqlite.ts";
import type { Renderer } from "../template/render.ts";
import { createRubyRenderer } from "../template/ruby/renderer.ts";

/** Everything beyond this process that a command works with; made once, in main. A simulation gives its own. */
export interface Ports {
	/** The maker of an IaaS's CPI. Throws a CpiError for an unknown one. */
	readonly loadCpi: (type: string) => Promise<CreateCpi>;
	readonly createSsh: (options: SshOptions) => Promise<Ssh>;
	readonly openStore: (options: SqliteStoreOptions) => Promise<SqliteStore>;
	readonly createRenderer: () => Renderer;
}

/** Clouds, VMs and files as they are. */
export const systemPorts: Ports = {
	loadCpi,
	createSsh: async (options) => (await import("../ssh/pool.ts")).createSsh(options),
	openStore: openSqliteStore,
	createRenderer: createRubyRenderer,
};
