import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { problem, UserError } from "../errors.ts";
import { shownUrl } from "./shown-url.ts";

const mostRedirects = 10;

export interface HttpGet {
	readonly url: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly signal: AbortSignal;
	/** Follow a redirect from https to http. Only safe if a checksum is known. */
	readonly allowDowngrade: boolean;
}

/**
 * GET, redirects followed, bytes as the server sends them. Resolves with any status once the headers are there. The URL's user and
 * password become a header, which isn't sent on to another host.
 * @throws UserError for a bad redirect; else what node:http throws.
 */
export async function httpGet(get: HttpGet): Promise<IncomingMessage> {
	let url = new URL(get.url);
	let credentials = credentialsOf(url);
	for (let redirects = 0; redirects <= mostRedirects; redirects++) {
		const response = await send(url, get, credentials);
		const { location } = response.headers;
		if (![301, 302, 303, 307, 308].includes(response.statusCode ?? 0) || location === undefined) return response;
		response.resume();
		const next = redirectTarget(url, location);
		if (url.protocol === "https:" && next.protocol === "http:" && !get.allowDowngrade)
			throw new UserError(
				problem("insecure-redirect", `${shownUrl(get.url)} redirects from https to ${shownUrl(next.href)}`, {
					hint: "give the release's sha1 (or sha256:) in the manifest; then what arrives is checked and the redirect followed",
				}),
			);
		credentials = credentialsOf(next) ?? (next.host === url.host ? credentials : undefined);
		url = next;
	}
	throw new UserError(
		problem(
			"too-many-redirects",
			`${shownUrl(get.url)} redirects more than ${mostRedirects} times, last to ${shownUrl(url.href)}`,
		),
	);
}

function send(url: URL, { headers, signal }: HttpGet, credentials: string | undefined): Promise<IncomingMessage> {
	return new Promise((resolve, reject) => {
		const request = url.protocol === "https:" ? httpsRequest : httpRequest;
		const bare = new URL(url);
		bare.username = "";
		bare.password = "";
		const authorization = credentials ? { authorization: credentials } : {};
		request(bare, {
			headers: { "accept-encoding": "identity", "user-agent": "davit", ...headers, ...authorization },
			signal,
		})
			.on("response", resolve)
			.on("error", reject)
			.end();
	});
}

function redirectTarget(from: URL, location: string): URL {
	const target = URL.canParse(location, from.href) ? new URL(location, from.href) : undefined;
	if (target && ["http:", "https:"].includes(target.protocol)) return target;
	throw new UserError(
		problem("bad-redirect", `${shownUrl(from.href)} redirects to ${location}, which is no http or https URL`),
	);
}

function credentialsOf({ username, password }: URL): string | undefined {
	if (username === "" && password === "") return undefined;
	const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
	return `Basic ${Buffer.from(text).toString("base64")}`;
}
