import { expect, test } from "vitest";
import { createPeers, type TransferFault, type Wanted } from "../../../src/apply/peers.ts";

const tick = () => new Promise((resolve) => setImmediate(resolve));

/** VMs of one AZ that want the same package; each transfer lasts until all that can begin have begun. */
function platform(fault: (peer: string, instance: string) => TransferFault | undefined = () => undefined) {
	const peers = createPeers();
	const done: string[] = [];
	const serving = new Map<string, number>();
	let most = 0;
	const wanted = (instance: string, having: readonly string[] = []): Wanted => ({
		...{ share: "z1 key", instance, having, route: () => "net net" },
		fromPeer: async (peer) => {
			serving.set(peer, (serving.get(peer) ?? 0) + 1);
			most = Math.max(most, ...serving.values());
			await tick();
			serving.set(peer, (serving.get(peer) ?? 0) - 1);
			const found = fault(peer, instance);
			done.push(`${instance} ${peer}${found ? ` ${found}` : ""}`);
			return found;
		},
		otherwise: async () => {
			await tick();
			done.push(`${instance} copied`);
		},
	});
	const bring = (names: readonly string[], having?: readonly string[]) =>
		Promise.all(names.map((name) => peers.bring(wanted(name, having))));
	return { peers, bring, wanted, done, most: () => most };
}

const names = Array.from({ length: 30 }, (_, index) => `web/${index}`);

test("one copy, and no VM serves more than four others at a time; who has it serves it", async () => {
	const { bring, done, most } = platform();
	await bring(names);
	expect(done.filter((line) => line.endsWith("copied"))).toEqual(["web/0 copied"]);
	expect(done.length).toBe(30);
	expect(most()).toBe(4);
	expect(new Set(done.slice(1).map((line) => line.split(" ")[1])).size).toBeGreaterThan(5);
});

test("those that have it spare the copy, one that is to blame is not asked again", async () => {
	const { bring, done } = platform((peer) => (peer === "db/0" ? "peer" : undefined));
	await bring(names, ["db/0", "db/1"]);
	expect(done.filter((line) => line.endsWith("copied"))).toEqual([]);
	expect(done.filter((line) => line.endsWith(" peer")).length).toBeLessThanOrEqual(4);
});

test("one that has it no more is not asked for it again, and may have others", async () => {
	const { peers, bring, wanted, done } = platform((peer) => (peer === "db/0" ? "archive" : undefined));
	await bring(["web/0"], ["db/0"]);
	await bring(["web/1"], ["db/0"]);
	expect(done).toEqual(["web/0 db/0 archive", "web/0 copied", "web/1 web/0"]);
	const asked: string[] = [];
	await peers.bring({
		...wanted("web/2", ["db/0"]),
		share: "z1 other",
		fromPeer: async (peer) => void asked.push(peer),
	});
	expect(asked).toEqual(["db/0"]);
});

test("a way that is closed is tried by those that begin at once, and by nobody after them", async () => {
	const { bring, done } = platform(() => "network");
	await bring(names);
	const tried = done.filter((line) => line.endsWith(" network"));
	expect(tried.length).toBeLessThanOrEqual(4);
	expect(done.filter((line) => line.endsWith("copied")).length).toBe(30);
	await bring(["db/0"]);
	expect(done.at(-1)).toBe("db/0 copied");
	expect(done.filter((line) => line.endsWith(" network"))).toEqual(tried);
});

test("a VM that can't is not waited with", async () => {
	const { bring, done } = platform((_, instance) => (instance === "web/3" ? "instance" : undefined));
	await bring(names.slice(0, 5));
	expect(done.filter((line) => line.endsWith("copied"))).toEqual(["web/0 copied", "web/3 copied"]);
});

test("a copy that fails is the next one's turn", async () => {
	const { peers, wanted, done } = platform();
	const failing = peers.bring({ ...wanted("web/0"), otherwise: () => Promise.reject(new Error("lost")) });
	const others = Promise.all([peers.bring(wanted("web/1")), peers.bring(wanted("web/2"))]);
	await expect(failing).rejects.toThrow("lost");
	await others;
	expect(done.sort()).toEqual(["web/1 copied", "web/2 web/1"]);
});
