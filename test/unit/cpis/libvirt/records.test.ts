import { expect, test } from "vitest";
import { parseRecord, recordVolumes } from "../../../../cpis/libvirt/records.ts";
import { pageOf } from "../../../../cpis/libvirt/resources.ts";

test("the newest generation comes first; other volumes are none", () => {
	const name = "disk-0123456789abcde";
	const volumes = ["9.00000000", "10.00000000", "10.ffffffff"].map((each) => `${name}.${each}.json`);
	const found = recordVolumes([...volumes, `${name}.qcow2`, "x.1.00000000.json", "vm-0123456789abcde.root.qcow2"]);
	expect([...found]).toEqual([[name, [volumes[2], volumes[1], volumes[0]]]]);
});

test.each(["", "\0\0\0", '{"key":"k"'])("%j is torn", (text) => {
	expect(parseRecord(text)).toBeUndefined();
});

test("pages tell each thing once, in order", () => {
	const all = Array.from({ length: 205 }, (_, index) => ({
		kind: "disk" as const,
		cid: `disk-${String(204 - index).padStart(3, "0")}`,
		owner: { store: "s", deployment: "d" },
		name: "",
		metadata: {},
	}));
	const seen: string[] = [];
	for (let page = pageOf(all, undefined); ; page = pageOf(all, page.next)) {
		seen.push(...page.items.map(({ cid }) => cid));
		if (page.next === undefined) break;
	}
	expect(seen).toEqual(all.map(({ cid }) => cid).sort());
});
