import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { call, withCheck } from "../../../../cpis/local/call.ts";
import { locked } from "../../../../cpis/local/lock.ts";

let folder: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "davit-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const options = { signal: new AbortController().signal, deadlineMs: 60_000 };

test("who waits gets the lock when the other is done, in whatever way it ends", async () => {
	const order: string[] = [];
	const work = (name: string, fails = false) =>
		call("test", options, (now) =>
			locked(now, folder, ["vm", "a"], async () => {
				order.push(`${name} begins`);
				await new Promise((resolve) => setImmediate(resolve));
				order.push(`${name} ends`);
				if (fails) throw new Error(name);
			}),
		);
	const ended = await Promise.allSettled([work("one", true), work("two"), work("three")]);
	expect(ended.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
	expect(order.filter((_, index) => index % 2 === 0)).toEqual(
		order.filter((_, index) => index % 2).map((text) => text.replace("ends", "begins")),
	);
	expect(order).toHaveLength(6);
});

test("who lost another lock while waiting for this one does nothing", async () => {
	await call("test", options, (now) => locked(now, folder, ["network", "a"], async () => {}));
	const [file = ""] = readdirSync(join(folder, "locks"));
	const other = spawn("flock", [join(folder, "locks", file), "sh", "-c", "echo held; read -r _"]);
	await once(other.stdout, "data");
	let mayGoOn = true;
	let worked = false;
	const waiting = call("test", options, (now) =>
		locked(
			withCheck(now, () => mayGoOn, new Error("the VM's lock is lost")),
			folder,
			["network", "a"],
			async () => {
				worked = true;
			},
		),
	);
	mayGoOn = false;
	other.stdin.end("\n");
	await expect(waiting).rejects.toThrow("the VM's lock is lost");
	expect(worked).toBe(false);
});

test("a deadline that passes while waiting says what was waited for", async () => {
	const [taken, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
	const held = call("first", options, (now) =>
		locked(now, folder, ["vm", "a"], () => {
			taken.resolve();
			return release.promise;
		}),
	);
	await taken.promise;
	const second = call("deleteVm", { ...options, deadlineMs: 500 }, (now) =>
		locked(now, folder, ["vm", "a"], async () => {}),
	);
	await expect(second).rejects.toMatchObject({
		kind: "unavailable",
		message: "deleteVm took longer than 0.5 s; time was up while another davit worked on vm a",
	});
	release.resolve();
	await held;
});
