/** A URL as messages may show it: without user, password and query, which may hold a signature. */
export function shownUrl(url: string): string {
	if (!URL.canParse(url)) return url;
	const { protocol, host, pathname, search } = new URL(url);
	return `${protocol}//${host}${pathname}${search === "" ? "" : "?..."}`;
}
