import type { Step, StepKind } from "../plan/step.ts";
import type { ApplyContext } from "./context.ts";
import { writeNames } from "./naming.ts";
import { associateDisk, dissociateDisk } from "./steps/associate-disk.ts";
import { bootstrapVm } from "./steps/bootstrap.ts";
import { deleteCompilationVm } from "./steps/compilation-vm.ts";
import { compilePackage } from "./steps/compile.ts";
import { copyDisk, discardCopy } from "./steps/copy-disk.ts";
import { attachDisk, createDisk, detachDisk, orphanDisk, resizeDisk, snapshotDisk } from "./steps/disk.ts";
import { runErrand } from "./steps/errand.ts";
import { hookStep } from "./steps/hooks.ts";
import { installJobs } from "./steps/jobs.ts";
import { installPackages } from "./steps/packages.ts";
import { deleteInstance, forgetDeployment, recordDeploy } from "./steps/record.ts";
import { start } from "./steps/start.ts";
import { uploadStemcell } from "./steps/stemcell.ts";
import { stop } from "./steps/stop.ts";
import { publishNames, swapVm } from "./steps/swap.ts";
import { createVm, deleteOrphanVm, deleteVm, powerOn } from "./steps/vm.ts";

type Action<K extends StepKind> = (
	step: Extract<Step, { kind: K }> & { instance: string },
	context: ApplyContext,
) => Promise<void>;

/** What each kind of step does. Each may be run again after it was cut short. */
export const stepActions: { readonly [K in StepKind]: Action<K> } = {
	"make-variables": (step, context) =>
		context.makeVariables(step.variables, context.signal, (text) =>
			context.emit({ type: "step-progress", id: step.id, text }),
		),
	render: (step, context) => context.render(step.instances, context.signal),
	"delete-orphan-vm": deleteOrphanVm,
	stop,
	"detach-disk": ({ name, ...step }, context) =>
		name === undefined ? detachDisk(step, context) : dissociateDisk({ ...step, name }, context),
	"delete-vm": deleteVm,
	"upload-stemcell": uploadStemcell,
	"create-vm": createVm,
	"power-on": powerOn,
	"bootstrap-vm": bootstrapVm,
	"swap-vm": swapVm,
	"publish-names": publishNames,
	"create-disk": createDisk,
	"resize-disk": resizeDisk,
	"copy-disk": copyDisk,
	"discard-copy": discardCopy,
	"attach-disk": attachDisk,
	"associate-disk": associateDisk,
	"orphan-disk": orphanDisk,
	"snapshot-disk": snapshotDisk,
	"compile-package": compilePackage,
	"delete-compilation-vm": deleteCompilationVm,
	"install-packages": installPackages,
	"update-names": writeNames,
	"install-jobs": installJobs,
	"pre-start": hookStep,
	start,
	"post-start": hookStep,
	"post-deploy": hookStep,
	"delete-instance": deleteInstance,
	errand: runErrand,
	"record-deploy": recordDeploy,
	"forget-deployment": forgetDeployment,
};
