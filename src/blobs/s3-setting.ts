import { type Problem, problem, UserError } from "../errors.ts";

/** The bucket that DAVIT_BLOBS names. */
export interface S3Setting {
	readonly bucket: string;
	/** Before each key; empty, or with a slash at its end. */
	readonly prefix: string;
	/** Absent: the SDK's own, of AWS. */
	readonly endpoint?: string;
	/** The same server as VMs reach it. */
	readonly vmEndpoint?: string;
	/** Absent: as the SDK finds it. */
	readonly region?: string;
	/** `ENDPOINT/BUCKET/KEY` instead of `BUCKET.ENDPOINT/KEY`. */
	readonly pathStyle: boolean;
}

const KNOWN = ["endpoint", "vm_endpoint", "region", "path_style"];

/** Reads `s3://BUCKET/PREFIX?endpoint=…&vm_endpoint=…&region=…&path_style=…`. Throws a UserError with everything that is wrong. */
export function readS3Setting(text: string, env: Readonly<Record<string, string | undefined>>): S3Setting {
	const [, bucket = "", path = "", query = ""] = /^s3:\/\/([^/?#]*)\/?([^?#]*)(?:\?(.*))?$/.exec(text) ?? [];
	const given = new URLSearchParams(query);
	const endpoint = given.get("endpoint") ?? undefined;
	const vmEndpoint = given.get("vm_endpoint") ?? undefined;
	const style = given.get("path_style") ?? undefined;
	const problems = [
		...(/^[a-z0-9][a-z0-9._-]+$/i.test(bucket) ? [] : [wrong("it names no bucket")]),
		...[...given.keys()].filter((name) => !KNOWN.includes(name)).map((name) => wrong(`there is no ${name}`)),
		...[endpoint, vmEndpoint].flatMap((url) =>
			url === undefined || isServer(url) ? [] : [wrong(`${url} is no http or https URL of a server`)],
		),
		...(style === undefined || ["true", "false"].includes(style) ? [] : [wrong("path_style is true or false")]),
	];
	if (problems.length > 0) throw new UserError(problems, { exitCode: 64 });
	const region = given.get("region") ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? (endpoint && "us-east-1");
	const prefix = path.replace(/\/*$/, "");
	return {
		bucket,
		prefix: prefix === "" ? "" : `${prefix}/`,
		...(endpoint === undefined ? {} : { endpoint }),
		...(vmEndpoint === undefined ? {} : { vmEndpoint }),
		...(region === undefined ? {} : { region }),
		pathStyle: style === undefined ? endpoint !== undefined : style === "true",
	};
}

/** Without user and password: those would stand in a process list. */
function isServer(url: string): boolean {
	if (!URL.canParse(url)) return false;
	const { protocol, username, password, search, hash } = new URL(url);
	return ["http:", "https:"].includes(protocol) && username + password + search + hash === "";
}

/** The setting itself is not shown: somebody may have put a password into it. */
function wrong(what: string): Problem {
	return problem("blobs-setting", `DAVIT_BLOBS: ${what}`, {
		hint: "write s3://BUCKET/PREFIX?endpoint=URL&vm_endpoint=URL&region=REGION&path_style=true|false, all after the bucket as needed",
	});
}
