import { expect, test } from "vitest";
import { hostQuotas, resourcesOf } from "../../../../cpis/libvirt/quotas.ts";

/** As virsh 9.0.0 printed it. */
const NODE = `CPU model:           x86_64
CPU(s):              16
CPU frequency:       1400 MHz
Memory size:         3145728 KiB`;
const DOMAINS = `Domain: 'one'
  balloon.current=524288
  balloon.maximum=1048576
  vcpu.current=2
  vcpu.maximum=4
  vcpu.0.state=1

Domain: 'two'
  balloon.current=262144
  vcpu.current=1`;
const POOL = `Name:           default
State:          running
Capacity:       107374182400
Allocation:     1073741825
Available:      106300440575`;

test("a host has what it tells, of which its running VMs and its volumes have been promised some", () => {
	expect(hostQuotas([NODE, DOMAINS, POOL], "h1")).toEqual([
		{ resource: "vcpus", name: "CPUs of the host", limit: 16, used: 3, enforced: false, pool: "h1" },
		{ resource: "memory", name: "memory of the host", limit: 3072, used: 768, enforced: false, pool: "h1" },
		{ resource: "disk", name: "storage pool", limit: 102_400, used: 1025, enforced: false, pool: "h1" },
	]);
	expect(hostQuotas([NODE, "", POOL])[0]).toEqual({
		...{ resource: "vcpus", name: "CPUs of the host", limit: 16, used: 0, enforced: false },
	});
});

test("a VM takes what createVm would give it, defaults too, of its host", () => {
	expect(resourcesOf({ kind: "vm", cloudProperties: { host: "h1", cpus: 2, root_disk: { size: 8192 } } })).toEqual([
		{ resource: "vcpus", amount: 2, pool: "h1" },
		{ resource: "memory", amount: 512, pool: "h1" },
		{ resource: "disk", amount: 13_192, pool: "h1" },
	]);
	expect(resourcesOf({ kind: "disk", sizeMib: 64, cloudProperties: {} })).toEqual([{ resource: "disk", amount: 64 }]);
});
