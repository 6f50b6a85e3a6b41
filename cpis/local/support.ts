import type { Call } from "./call.ts";
import type { Machine } from "./machine.ts";

export async function requireSupport(_call: Call, _machine: Machine): Promise<void> {}
