import { z } from "zod";

const instanceName = z.string().describe("Instance name, such as database/0.");

const change = z.strictObject({
	instance: instanceName,
	action: z.enum(["create", "recreate", "update", "names", "start", "stop", "delete"]).describe("What happens to it."),
	addresses: z
		.array(z.strictObject({ network: z.string(), from: z.string(), to: z.string() }))
		.optional()
		.describe("Of an instance whose next VM is made while the old one runs: the addresses that it moves to."),
	downtime: z
		.enum(["none", "start", "restart", "swap", "recreate", "disk copy", "stop", "delete"])
		.describe(
			"What its jobs see: nothing; they are started, and were not running or are new; they are stopped and started; the same, on another VM that is prepared by then; the same, on another VM that is made meanwhile; they are stopped for as long as it takes to copy their disk, and started; they are stopped; the end.",
		),
	restarts: z
		.array(z.string())
		.optional()
		.describe("The jobs that are stopped, where the others run on (update.restart: changed). Absent: all of them."),
	disk: z
		.enum(["none", "kept", "created", "grown", "copied", "orphaned"])
		.describe(
			"What becomes of its persistent disk; an orphaned one is kept, and can be attached again, and so is one that was copied to another.",
		),
	turn: z
		.int()
		.optional()
		.describe(
			"The instances of one turn are updated at once, after those of the turns before. None: nothing waits for it.",
		),
	canary: z.boolean().describe("It is updated ahead of its group, and a failure ends the deploy there."),
	reasons: z
		.array(
			z.strictObject({
				reason: z.string().describe("BOSH's name for it, or davit's for what BOSH can't see."),
				detail: z.string().optional(),
				values: z
					.array(
						z.strictObject({
							path: z.string().describe("Key path."),
							from: z.unknown().optional().describe("As the last finished deploy had it; absent: there was none."),
							to: z.unknown().optional().describe("As it is wanted; absent: none."),
						}),
					)
					.describe("What differs in manifest and cloud file. A value named like a secret is (hidden)."),
			}),
		)
		.describe("Why; all of them."),
});

const source = z
	.enum(["peer", "object-store", "ssh"])
	.describe(
		"The VM fetches them from another VM of its AZ; from the bucket of DAVIT_BLOBS; davit copies them over SSH.",
	);

const resource = z.strictObject({
	cpi: z.string(),
	resource: z
		.enum(["vms", "vcpus", "memory", "disks", "disk", "addresses"])
		.describe("memory and disk are MiB, the others are counted."),
	pool: z.string().optional().describe("The host, family of types or type of disks that the cloud limits apart."),
	now: z.number(),
	most: z.number().describe("While the plan runs."),
	after: z.number(),
	quotas: z.array(
		z.strictObject({
			name: z.string().describe("As the cloud calls it."),
			limit: z.number(),
			used: z.number().describe("Now, by all who share it."),
			enforced: z
				.boolean()
				.describe("The cloud refuses what is over it; false: so much is there, and more may be promised."),
		}),
	),
});

const step = z.strictObject({
	id: z.string(),
	kind: z.string(),
	title: z.string(),
	instance: instanceName.optional(),
	after: z.array(z.string()).describe("Ids of the steps that must have finished."),
	sources: z
		.array(source)
		.optional()
		.describe(
			"Where the VM gets the packages that it lacks, of steps that bring some; a source that fails is followed by the next.",
		),
	peers: z
		.array(instanceName)
		.optional()
		.describe(
			"VMs of the same AZ that have some of them, or get them first; others that get them meanwhile are used as well.",
		),
});

/** `davit plan --json`: what the next deploy would do. */
export const planReport = z.strictObject({
	deployment: z.string(),
	first_deploy: z.boolean().describe("No deploy of it has finished yet."),
	refreshed: z
		.boolean()
		.describe("Clouds and VMs were asked; false: what is recorded was taken to be there, and well."),
	asked: z
		.strictObject({
			calls: z.array(
				z.strictObject({
					cpi: z.string(),
					verb: z.string().describe("Of the CPI; list: one page."),
					count: z.int(),
				}),
			),
			probes: z.int().describe("VMs that were asked how they are, all in one wave."),
		})
		.describe("What it took to make the plan."),
	unchanged: z.int().describe("Instances that nothing happens to."),
	changes: z.array(change),
	compile: z.array(
		z.strictObject({
			package: z.string(),
			release: z.string(),
			stemcell: z.string().describe("OS/VERSION"),
			instance: instanceName.describe("On whose VM."),
		}),
	),
	compilation_vms: z
		.array(
			z.strictObject({
				instance: instanceName,
				stemcell: z.string().describe("OS/VERSION"),
				az: z.string(),
				vm_type: z.string().optional(),
				addresses: z.array(z.string()).describe("None: the cloud chooses."),
			}),
		)
		.describe("VMs that are made to compile packages on and deleted after it (--compilation-vms)."),
	packages: z.strictObject({
		there: z.int().describe("Packages that the changed instances have already."),
		lacking: z
			.array(
				z.strictObject({
					source,
					packages: z.int(),
					bytes: z.int().describe("Of those that are compiled already."),
				}),
			)
			.describe("Packages that they get, by where each comes from unless that fails."),
	}),
	variables: z.array(z.string()).describe("Variables that are generated."),
	deletes: z.strictObject({
		instances: z.array(instanceName),
		vms: z.array(z.string()).describe("cids, those among them that are made anew."),
	}),
	irreversible: z.array(z.string()).describe("Ids of steps after which davit deploy --on-failure undo does not undo."),
	totals: z.strictObject({
		resources: z
			.array(resource)
			.optional()
			.describe(
				"What it takes of each cloud, orphaned disks with it, and of each pool that the cloud limits apart. Absent: no cloud was asked.",
			),
		not_told: z
			.array(
				z.strictObject({
					cpi: z.string(),
					what: z.enum(["sizes", "quotas"]).describe("vCPUs and memory of VMs; limits."),
					why: z.string().optional().describe("What the cloud answered."),
				}),
			)
			.describe("What clouds don't tell."),
		instances: z.int(),
		persistent_disk: z.int().describe("MiB"),
		addresses: z.record(z.string(), z.int()).describe("By network."),
		vm_types: z.record(z.string(), z.int()).describe("How many VMs of each."),
	}),
	surge: z
		.strictObject({
			vms: z.int().describe("VMs at a time."),
			addresses: z.record(z.string(), z.int()).describe("By network."),
		})
		.optional()
		.describe("What is there besides while VMs are made beside those that run (create-swap-delete). Absent: none are."),
	estimate: z
		.strictObject({
			seconds: z.number(),
			samples: z.int().describe("Steps of past deploys that it comes from."),
			unknown: z.array(z.string()).describe("Kinds of steps that were never run here: they count as no time."),
		})
		.optional()
		.describe("Absent: nothing like it was ever run."),
	steps: z.array(step),
});

/** Its JSON Schema (draft 2020-12). */
export function planReportSchema(): object {
	const { $schema, ...rest } = z.toJSONSchema(planReport);
	return { $schema, $id: "urn:davit:schema:plan", title: "What davit plan --json says under plan", ...rest };
}

export type PlanReport = z.output<typeof planReport>;
