import { expect, test } from "vitest";
import { networkFileSystem } from "../../../src/state/network-file-system.ts";

test.each([
	["ext4", 0xef53, undefined],
	["tmpfs", 0x01021994, undefined],
	["overlay", 0x794c7630, undefined],
	["NFS", 0x6969, "NFS"],
	["CIFS as a signed number", 0xff534d42 | 0, "CIFS"],
	["a drive of Windows in its Linux subsystem", 0x01021997, "9P"],
])("%s", (_, type, name) => {
	expect(networkFileSystem(type)).toBe(name);
});
