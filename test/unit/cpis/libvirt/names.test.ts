import { expect, test } from "vitest";
import { cidOf, macOf, nameOf, parseCid, uuidOf } from "../../../../cpis/libvirt/names.ts";

test("all is derived from the key, and a disk's name fits into a virtio serial", () => {
	expect([nameOf("vm", "k"), nameOf("disk", "k").length]).toEqual([nameOf("vm", "k"), 20]);
	expect(uuidOf("k")).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
	expect(macOf("k", 0)).toMatch(/^52:54:00(:[0-9a-f]{2}){3}$/);
	expect(macOf("k", 0)).not.toBe(macOf("k", 1));
});

test.each([undefined, "rack-1", "a.b"])("a cid on host %s says where it is", (host) => {
	const location = { name: nameOf("vm", "k"), host };
	expect(parseCid("vm", cidOf(location))).toEqual(location);
	expect(parseCid("disk", cidOf(location))).toBeUndefined();
});

test.each(["", "../..", "vm-0", "vm-00000000000000g", "-rf"])("%j is no cid of ours", (cid) => {
	expect(parseCid("vm", cid)).toBeUndefined();
});
