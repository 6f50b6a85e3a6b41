import { execFile } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const child = join(import.meta.dirname, "../../../simulation/plan-calls-child.ts");

test("an unchanged deployment takes the pages of its VMs and disks and one probe of each VM, no call for each; --no-refresh asks nobody", async () => {
	const [instances, page] = [10, 4];
	const { stdout } = await promisify(execFile)(process.execPath, [child, String(instances), String(page)]);
	const pages = 2 * Math.ceil(instances / page);
	expect(JSON.parse(stdout)).toEqual([
		`tiny: nothing to do, all is as the manifest says\n  asked:       calls at local (list ${pages}); ${instances} VMs probed in one wave\n`,
		"tiny: nothing to do, all is as the manifest says (by what is recorded: no cloud and no VM was asked)\n",
	]);
}, 300_000);
