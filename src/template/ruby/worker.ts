import { parentPort } from "node:worker_threads";
import type { FromWorker, ToWorker } from "./outcome.ts";
import { bootRuby } from "./vm.ts";

const port = parentPort;
if (!port) throw new Error("src/template/ruby/worker runs as a worker thread only");
const post = (message: FromWorker) => port.postMessage(message);

const ruby = await bootRuby();
port.on("message", (message: ToWorker) => {
	try {
		if (message.type === "job") ruby.startJob(message.specJson, message.nowMs);
		else post({ type: "outcome", outcome: ruby.render(message.file, message.source) });
	} catch (error) {
		post({ type: "broken", why: error instanceof Error ? error.message : String(error) });
	}
});
post({ type: "ready" });
