import type { Readable } from "node:stream";
import type { Problem } from "../errors.ts";
import type { PackageDigest } from "./files.ts";

/** A release of BOSH's form, read: its jobs in full, its packages as recipes. */
export interface Release {
	readonly name: string;
	readonly version: string;
	readonly commitHash: string;
	readonly uncommittedChanges: boolean;
	readonly jobs: ReadonlyMap<string, ReleaseJob>;
	readonly packages: ReadonlyMap<string, ReleasePackage>;
	/** What is doubtful in its files, such as a key that stands twice. */
	readonly warnings?: readonly Problem[];
}

/** One job: what its tarball holds. Texts are as in the release, ERB not yet run. */
export interface ReleaseJob {
	readonly name: string;
	readonly release: string;
	/** As BOSH computes it (64 hex digits for a SHA-256 release). */
	readonly fingerprint: string;
	/** Where the spec stands, for messages: `jobs/app/spec`. */
	readonly specFile: string;
	readonly description: string;
	/** Package names, those their packages need not included. */
	readonly packages: readonly string[];
	/** In spec order: source below `templates/`, destination below the job's folder. */
	readonly templates: readonly { readonly source: string; readonly destination: string; readonly content: string }[];
	readonly monit: string;
	/** Extra monit files (`*.monit`), by file name. */
	readonly extraMonit: Readonly<Record<string, string>>;
	readonly provides: readonly LinkProvide[];
	readonly consumes: readonly LinkConsume[];
	/** By dotted name. `default` is absent when the spec gives none. */
	readonly properties: ReadonlyMap<string, { readonly description: string; readonly default?: unknown }>;
	/** True if the job can be run as an errand (a template makes `bin/run`). */
	readonly errand: boolean;
	/** `properties_schema.json` as it stands, if the job has one. */
	readonly propertiesSchema?: string;
	/** Digests of its archive as `release.MF` gives them; absent for a folder. */
	readonly digest?: string;
}

export interface LinkProvide {
	readonly name: string;
	readonly type: string;
	/** Dotted names of this job's properties that the link exposes. */
	readonly properties: readonly string[];
}

export interface LinkConsume {
	readonly name: string;
	readonly type: string;
	readonly optional: boolean;
}

export interface ReleasePackage {
	readonly name: string;
	readonly fingerprint: string;
	readonly dependencies: readonly string[];
	/** `source`: needs compiling. Otherwise the stemcell line it was compiled for, `ubuntu-jammy/1.10`. */
	readonly form: "source" | { readonly compiledFor: string };
	/** The package's `.tgz`: `packaging` and sources, or the compiled files. Digests are verified while it is read. */
	open(): Promise<Readable>;
	/** Digests of its archive as `release.MF` gives them; absent for a folder. */
	readonly digest?: string;
	/** Where the archive lies in the blob store; absent for a folder. */
	readonly blob?: PackageDigest;
	/** The compiled form that a release holds beside the source. */
	readonly compiled?: ReleasePackage;
}
