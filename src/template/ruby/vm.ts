import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { ConsoleStdout, Directory, File, OpenFile, PreopenDirectory, WASI } from "@bjorn3/browser_wasi_shim";
import { RubyVM } from "@ruby/wasm-wasi";
import { contextRuby } from "./context.rb.ts";
import { engineRuby } from "./engine.rb.ts";
import type { Outcome } from "./outcome.ts";

// TypeScript has these with the browser's types only, which say too much of Node.
declare const WebAssembly: { compile(bytes: Uint8Array): Promise<object> };
type Memory = { readonly buffer: ArrayBuffer };
type Imports = Record<string, Record<string, unknown>>;

/** One CRuby with our engine loaded. A throw from `render` means that this Ruby can't be used any more. */
export interface RubyEngine {
	startJob(specJson: string, nowMs: number): void;
	render(file: string, source: string): Outcome;
}

/** RubyGems takes seconds to start, and templates have no gems. */
const args = ["ruby.wasm", "-EUTF-8", "--disable=gems,did_you_mean,error_highlight,syntax_suggest,rubyopt", "-e_=0"];

/** Boots CRuby with an empty file system in memory, no environment, no sockets, and a clock that stands where each job sets it. */
export async function bootRuby(): Promise<RubyEngine> {
	compileOnce();
	const file = fileURLToPath(import.meta.resolve("@ruby/3.4-wasm-wasi/dist/ruby+stdlib.wasm"));
	const module = await WebAssembly.compile(await readFile(file));
	const files = new Map();
	const silent = () => new ConsoleStdout(() => undefined);
	const wasi = new WASI([], [], [new OpenFile(new File([])), silent(), silent(), new PreopenDirectory("/", files)], {
		debug: false,
	});
	const clock = { nowMs: 0 };
	let memory: Memory | undefined;
	stopClock(wasi, clock, () => memory);
	const { vm } = await RubyVM.instantiateModule({
		module,
		wasip1: wasi as Parameters<typeof RubyVM.instantiateModule>[0]["wasip1"],
		args,
		addToImports: cutJavaScriptOff,
		setMemory: (made: Memory) => {
			memory = made;
		},
	});
	const put = (name: string, text: string) => files.set(name, new File(new TextEncoder().encode(text)));
	vm.eval(engineRuby + contextRuby);
	const engine: RubyEngine = {
		startJob(specJson, nowMs) {
			clock.nowMs = nowMs;
			files.clear();
			put("spec", specJson);
			vm.eval("Davit.start(File.read('/spec', encoding: 'UTF-8'))");
		},
		render(file, source) {
			files.clear();
			files.set("tmp", new Directory(new Map()));
			put("file", file);
			put("source", source);
			const call =
				"Davit.render(*%w[/file /source].map { |path| File.read(path, encoding: 'UTF-8').tap { File.delete(path) } })";
			return JSON.parse(vm.eval(call).toString());
		},
	};
	// The first run of anything is slow: it is part of booting, not of somebody's deadline.
	engine.startJob("{}", 0);
	engine.render("boot", "<%= p('none', 1) %>");
	return engine;
}

/**
 * V8 optimizes WebAssembly while it runs, function by function: for Ruby's interpreter that takes two seconds of a processor, of which a
 * thousand templates save less than one.
 */
function compileOnce(): void {
	setFlagsFromString("--no-wasm-tier-up");
	setFlagsFromString("--no-wasm-dynamic-tiering");
}

/** The wall clock stands at the plan's instant; the monotonic one runs, for time-outs inside templates. */
function stopClock(wasi: WASI, clock: { readonly nowMs: number }, memory: () => Memory | undefined): void {
	const original = wasi.wasiImport.clock_time_get as (id: number, precision: bigint, pointer: number) => number;
	wasi.wasiImport.clock_time_get = (id: number, precision: bigint, pointer: number): number => {
		const buffer = memory()?.buffer;
		if (id !== 0 || !buffer) return original(id, precision, pointer);
		new DataView(buffer).setBigUint64(pointer, BigInt(Math.trunc(clock.nowMs)) * 1_000_000n, true);
		return 0;
	};
}

/** Ruby's bridge to JavaScript would hand a template everything that this process can do. */
function cutJavaScriptOff(imports: Imports): void {
	const bridge = imports["rb-js-abi-host"] ?? {};
	for (const name of Object.keys(bridge)) {
		if (name === "rb_wasm_throw_prohibit_rewind_exception") continue;
		bridge[name] = () => {
			throw new Error("it reached for JavaScript, which templates can't have");
		};
	}
}
