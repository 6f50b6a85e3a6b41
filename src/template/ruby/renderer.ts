import type { Problem } from "../../errors.ts";
import type { RenderedJob, Renderer, RenderOptions, RenderRequest } from "../render.ts";
import type { Outcome } from "./outcome.ts";
import { type Finding, findings, toProblems } from "./problems.ts";
import { type RubyThread, startRubyThread, ThreadEnded } from "./ruby-thread.ts";

const defaultDeadlineMs = 20_000;

/**
 * Renders ERB with CRuby on WebAssembly, in one worker thread of this process. Templates see no disk, no network, no environment and no clock
 * but `nowMs`. Calls of `render` queue up.
 */
export function createRubyRenderer(): Renderer {
	let current: RubyThread | undefined;
	let queue: Promise<unknown> = Promise.resolve();
	const start = (): RubyThread => {
		current ??= startRubyThread();
		return current;
	};
	const drop = () => {
		current = undefined;
	};
	const ready = async (): Promise<RubyThread> => {
		const thread = start();
		await thread.booted().catch((error: unknown) => {
			drop();
			throw error;
		});
		return thread;
	};
	return {
		warm() {
			start();
		},
		render(requests, options) {
			const result = queue.then(() => renderAll(requests, options, { ready, drop }));
			queue = result.catch(() => undefined);
			return result;
		},
		async close() {
			await current?.end();
			drop();
		},
	};
}

/** `drop` forgets a thread that has ended, so that the next `ready` starts another. */
interface Threads {
	ready(): Promise<RubyThread>;
	drop(): void;
}

async function renderAll(
	requests: readonly RenderRequest[],
	options: RenderOptions,
	threads: Threads,
): Promise<{ readonly jobs: readonly RenderedJob[]; readonly problems: readonly Problem[] }> {
	const jobs: RenderedJob[] = [];
	const found: Finding[] = [];
	for (const request of requests) {
		const { job, findings: more } = await renderJob(request, options, threads);
		jobs.push(job);
		found.push(...more);
	}
	return { jobs, problems: toProblems(found) };
}

async function renderJob(
	request: RenderRequest,
	options: RenderOptions,
	threads: Threads,
): Promise<{ readonly job: RenderedJob; readonly findings: readonly Finding[] }> {
	const specJson = JSON.stringify(request.spec);
	const found: Finding[] = [];
	let prepared: RubyThread | undefined;
	const render = async (source: string, content: string): Promise<string> => {
		const thread = await threads.ready();
		if (thread !== prepared) thread.startJob(specJson, options.nowMs);
		prepared = thread;
		const rendering = { request, source };
		const file = `${request.job.release}/${request.job.name}/${source}`;
		const outcome = await thread
			.render(file, content, { deadlineMs: options.templateDeadlineMs ?? defaultDeadlineMs, signal: options.signal })
			.catch((error: unknown): Outcome | Finding => {
				threads.drop();
				if (error instanceof ThreadEnded) return ended(rendering, error);
				throw error;
			});
		found.push(...("rendering" in outcome ? [outcome] : findings(rendering, outcome)));
		return "content" in outcome ? outcome.content : "";
	};
	const { job } = request;
	const monit = await render("monit", job.monit);
	const files: { path: string; content: string }[] = [];
	for (const { source, destination, content } of job.templates) {
		files.push({ path: destination, content: await render(`templates/${source}`, content) });
	}
	const extraMonit: { file: string; content: string }[] = [];
	for (const [file, content] of Object.entries(job.extraMonit)) {
		const made = files.find(({ path }) => path === file);
		extraMonit.push({ file, content: made?.content ?? (await render(file, content)) });
	}
	const extra = extraMonit.length === 0 ? {} : { extraMonit };
	return { job: { job: job.name, release: job.release, files, monit, ...extra }, findings: found };
}

function ended(rendering: Finding["rendering"], { message, overDeadline }: ThreadEnded): Finding {
	return {
		rendering,
		severity: "error",
		code: overDeadline ? "template-too-slow" : "template-ended-ruby",
		says: overDeadline ? `${message}, and was ended` : `it ended the Ruby that ran it: ${message}`,
		hint: "correct the template: it may only compute text",
	};
}
