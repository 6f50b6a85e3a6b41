/** statfs(2) types of file systems that are shared between machines, and 9P, on which SQLite's locks don't hold either. */
const shared: ReadonlyMap<number, string> = new Map([
	[0x6969, "NFS"],
	[0x517b, "SMB"],
	[0xff534d42, "CIFS"],
	[0xfe534d42, "SMB2"],
	[0x01021997, "9P"],
	[0x5346414f, "AFS"],
	[0x00c36400, "Ceph"],
	[0x0bd00bd0, "Lustre"],
	[0x47504653, "GPFS"],
	[0x19830326, "BeeGFS"],
	[0x7461636f, "OCFS2"],
	[0x01161970, "GFS2"],
	[0x73757245, "Coda"],
]);

/** The name of the network file system that statfs(2)'s `type` on Linux stands for, or undefined for a local one. */
export function networkFileSystem(type: number): string | undefined {
	return shared.get(type >>> 0);
}
