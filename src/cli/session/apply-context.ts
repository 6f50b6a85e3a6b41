import { join } from "node:path";
import type { ApplyContext, Login } from "../../apply/context.ts";
import type { Records } from "../../apply/records.ts";
import type { Task } from "../../apply/task.ts";
import type { BlobStore } from "../../blobs/blobs.ts";
import { type Problem, UserError } from "../../errors.ts";
import { lastLinesScript } from "../../machine/logs.ts";
import { monitChecksOf } from "../../machine/monit-files.ts";
import { supervisorTable } from "../../machine/supervisor/table.ts";
import type { DesiredInstance } from "../../plan/desired.ts";
import type { InstanceName, PackageUse } from "../../plan/step.ts";
import type { Release, ReleasePackage } from "../../release/release.ts";
import type { DeploymentRecord, Lease, StateStore } from "../../state/state.ts";
import { type Key, keyedDigest } from "../../variables/key.ts";
import type { CliContext } from "../command.ts";
import { createAgents } from "./agents.ts";
import type { Cpis } from "./cpis.ts";
import { openLogFile } from "./log-file.ts";
import { bootstrapOf } from "./machine-spec.ts";
import type { AllMachines, Machines } from "./machines.ts";
import { monitProblems } from "./monit-problems.ts";
import { peering } from "./peering.ts";
import type { RenderBook } from "./render-book.ts";
import type { StemcellBook } from "./stemcells.ts";
import { actor } from "./store.ts";
import type { VariableBook } from "./variables.ts";

export interface ApplyContextParts {
	readonly context: CliContext;
	readonly lease: Lease;
	readonly task: Task;
	readonly store: StateStore;
	readonly records: Records;
	readonly desired: readonly DesiredInstance[];
	readonly cpis: Cpis;
	readonly machines: AllMachines;
	readonly login: Login;
	readonly packageBlobs: BlobStore;
	readonly releases: ReadonlyMap<string, Release>;
	readonly key: Key;
	/** What only a deploy has. */
	readonly variables?: VariableBook;
	readonly renderBook?: RenderBook;
	readonly stemcells?: StemcellBook;
	readonly record?: () => DeploymentRecord;
}

/** Puts together what steps work with. */
export function applyContext(parts: ApplyContextParts): ApplyContext {
	const { context, lease, store, records, machines, login, packageBlobs, releases, key } = parts;
	const renderBook = needed(parts.renderBook);
	const variables = needed(parts.variables);
	const record = () => needed(parts.record)()();
	const stemcells = needed(parts.stemcells);
	const desired = new Map(parts.desired.map((instance) => [instance.name, instance]));
	const of = (name: InstanceName) => {
		const found = desired.get(name);
		if (!found) throw new Error(`no desired instance ${name}`);
		return found;
	};
	const reach = (own: Records, { connect, answers, disconnect, ...ways }: Machines) => ({
		...{ records: own, connect, answers, disconnect },
		agents: createAgents({
			...{ context, key, records: own, publicKey: login.publicKey },
			deployment: lease.fence.deployment,
			machines: { connect, answers, disconnect, ...ways },
		}),
		bootstrapScript: (name: InstanceName) => {
			const { stemcell, cpi } = of(name).shape;
			const { user = login.user } = own.get(name).vm ?? {};
			const packages = stemcells().packages(stemcell, cpi);
			return bootstrapOf(of(name), { deployment: lease.fence.deployment, login: { ...login, user }, packages });
		},
	});
	return {
		...reach(records, machines),
		ofNextVm: reach(machines.next.records, machines.next.machines),
		deployment: lease.fence.deployment,
		owner: { store: store.uuid, deployment: lease.fence.deployment },
		store,
		lease,
		desired,
		cpi: parts.cpis.get,
		stemcellImage: (stemcell, cpi) => stemcells().image(stemcell, cpi),
		login,
		blobs: packageBlobs,
		openPackage: (use) => packageForm(releases, use).open(),
		blobOf: (use) => packageForm(releases, use).blob,
		...peering({ context, records, machines, desired }),
		rendered: (name) => renderBook().rendered(of(name)),
		render: async (names, signal) => {
			await renderBook().render(names.map(of), signal);
			refuse(monitProblems(names.map(of), renderBook()));
		},
		makeVariables: (names, _, progress) => variables().make(names, lease, progress),
		keyedDigest: (text) => keyedDigest(key, text),
		inputOf: (name, job) => {
			const found = of(name).jobs.find((wanted) => wanted.job.name === job);
			return (found && renderBook().inputOf(found)) ?? "";
		},
		deploymentRecord: record,
		supervisorTable: (name) => tableOf(of(name), renderBook()),
		lastLogLines: (process) => lastLinesScript(process),
		openLog: (name) => openLogFile(join(context.home, "logs", lease.fence.deployment), name),
		actor: actor(),
		task: parts.task,
		errandResults: [],
		clock: context.clock,
		random: context.random,
		emit: context.emit,
		signal: context.signal,
	};
}

/** For what a plan without a deploy has no steps for. */
function needed<T>(part: T | undefined): () => T {
	return () => {
		if (part === undefined) throw new Error("this plan has steps that only a deploy can run");
		return part;
	};
}

function packageForm(releases: ReadonlyMap<string, Release>, use: PackageUse): ReleasePackage {
	const item = releases.get(use.release)?.packages.get(use.name);
	const form = use.compiledFor !== undefined && item?.form === "source" ? item.compiled : item;
	if (!form) throw new Error(`no package ${use.release}/${use.name}`);
	return form;
}

/** What was warned of is told already. */
function refuse(problems: readonly Problem[]): void {
	const errors = problems.filter(({ severity }) => severity === "error");
	if (errors.length > 0) throw new UserError(errors);
}

/** The checks of all jobs in one table. What can't be supervised was refused while planning. */
function tableOf(instance: DesiredInstance, renderBook: RenderBook): string {
	const files = renderBook.rendered(instance).map(monitChecksOf);
	refuse(files.flatMap(({ problems }) => problems));
	return supervisorTable(files.flatMap(({ checks }) => checks));
}
