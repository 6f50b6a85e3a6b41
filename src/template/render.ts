import type { Problem } from "../errors.ts";
import type { ReleaseJob } from "../release/release.ts";

/** What `spec` holds in a template: the keys that BOSH passes. All values are plain data. */
export interface TemplateSpec {
	readonly deployment: string;
	readonly job: { readonly name: string };
	readonly index: number;
	readonly bootstrap: boolean;
	readonly name: string;
	readonly id: string;
	readonly az: string;
	readonly ip: string;
	readonly address: string;
	readonly dns_domain_name: string;
	readonly persistent_disk: number;
	readonly networks: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
	readonly release: { readonly name: string; readonly version: string };
	/** The job's properties, filtered to those its spec declares and merged with their defaults. */
	readonly properties: Readonly<Record<string, unknown>>;
	readonly links: Readonly<Record<string, LinkData>>;
}

/** One link as a template sees it. */
export interface LinkData {
	readonly deployment_name: string;
	readonly instance_group: string;
	readonly default_network: string;
	readonly domain: string;
	/** What `link('x').address` gives without criteria. */
	readonly address: string;
	/** How a name for some of the instances is made; absent: `address` stands for all (a manual link). */
	readonly query?: LinkQuery;
	readonly properties: Readonly<Record<string, unknown>>;
	readonly instances: readonly {
		readonly name: string;
		readonly id: string;
		readonly index: number;
		readonly az: string;
		readonly address: string;
		readonly bootstrap: boolean;
		readonly properties?: Readonly<Record<string, unknown>>;
	}[];
}

/** BOSH's query names: `q-` + tokens sorted (`aN` AZ, `nN` network, `sN` health, `yN` check) + `.` + suffix. */
export interface LinkQuery {
	/** Tokens that every name has. */
	readonly tokens: readonly string[];
	/** The number of each AZ, by name. */
	readonly azs: Readonly<Record<string, number>>;
	readonly suffix: string;
}

/** One job on one instance. */
export interface RenderRequest {
	readonly group: string;
	readonly instance: string;
	readonly job: ReleaseJob;
	readonly spec: TemplateSpec;
}

/** Paths are below the job's folder (`bin/ctl`, `config/app.json`). */
export interface RenderedJob {
	readonly job: string;
	readonly release: string;
	readonly files: readonly { readonly path: string; readonly content: string }[];
	readonly monit: string;
	/** The other monit files at the top of the job's folder (`*.monit`), those that templates make among them. Absent: none. */
	readonly extraMonit?: readonly { readonly file: string; readonly content: string }[];
}

export interface RenderOptions {
	/** What `Time.now` is, in ms since 1970. */
	readonly nowMs: number;
	readonly signal: AbortSignal;
	/** A single template running longer than this is ended and reported. Default 20 s. */
	readonly templateDeadlineMs?: number;
}

/** Results come in the order of the requests; every failure of every template is in `problems`, none is thrown. */
export interface Renderer {
	render(
		requests: readonly RenderRequest[],
		options: RenderOptions,
	): Promise<{ readonly jobs: readonly RenderedJob[]; readonly problems: readonly Problem[] }>;
	/** Starts the worker early, while other work goes on. */
	warm(): void;
	close(): Promise<void>;
}
