import { actions } from "./program/actions.ts";
import { checks } from "./program/checks.ts";
import { commands } from "./program/commands.ts";
import { events } from "./program/events.ts";
import { health } from "./program/health.ts";
import { main } from "./program/main.ts";
import { memory } from "./program/memory.ts";
import { probes } from "./program/probes.ts";
import { process } from "./program/process.ts";
import { resources } from "./program/resources.ts";
import { rules } from "./program/rules.ts";
import { settings } from "./program/settings.ts";
import { spawn } from "./program/spawn.ts";
import { state } from "./program/state.ts";
import { steps } from "./program/steps.ts";
import { table } from "./program/table.ts";

/**
 * The supervisor: a bash program (4.4 or newer) that runs a table of monit checks until it is told to end. All its files
 * are in one folder, `/var/vcap/davit/supervisor` or `DAVIT_SUPERVISOR_ROOT`.
 */
export const supervisorProgram = [
	settings,
	table,
	memory,
	process,
	spawn,
	actions,
	steps,
	events,
	checks,
	resources,
	rules,
	probes,
	health,
	state,
	commands,
	main,
].join("\n");
