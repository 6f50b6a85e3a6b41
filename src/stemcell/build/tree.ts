import { open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BYTES_PER_INODE, type TreeSize } from "./layout.ts";
import { inNamespace, type Mode } from "./mode.ts";
import { type Runner, run } from "./run.ts";

/** What a distribution's packages become. */
export interface TreeOptions {
	readonly suite: string;
	readonly arch: string;
	readonly packages: readonly string[];
	/** sources.list(5), with `signed-by`. */
	readonly sources: string;
	readonly hooks: { readonly early: string; readonly late: string };
	readonly temporary: string;
}

const LEFT_OUT = [
	"/usr/share/man/*",
	"/usr/share/info/*",
	"/usr/share/doc/*",
	"/usr/share/locale/*",
	"/usr/share/lintian/*",
];
const KEPT = ["/usr/share/doc/*/copyright", "/usr/share/locale/locale.alias"];

/** Installs the packages with mmdebstrap; the tree is `root.tar` in the runner's folder. */
export async function installPackages(options: TreeOptions, mode: Mode, runner: Runner): Promise<void> {
	const sources = join(runner.cwd, "sources.list");
	// An address may hold a password.
	await writeFile(sources, options.sources, { mode: 0o600 });
	await run(mmdebstrapArgv(options, mode, sources), { ...runner, env: { TMPDIR: options.temporary } });
}

function mmdebstrapArgv({ suite, arch, packages, hooks }: TreeOptions, mode: Mode, sources: string): readonly string[] {
	return [
		"mmdebstrap",
		...[`--mode=${mode}`, "--variant=minbase", "--format=tar", `--architectures=${arch}`],
		...[
			'--aptopt=Apt::Install-Recommends "false"',
			'--aptopt=Acquire::Languages "none"',
			'--aptopt=Acquire::Retries "3"',
		],
		...LEFT_OUT.map((path) => `--dpkgopt=path-exclude=${path}`),
		...KEPT.map((path) => `--dpkgopt=path-include=${path}`),
		`--include=${packages.join(",")}`,
		...[`--essential-hook=${hooks.early}`, `--customize-hook=${hooks.late}`],
		...[suite, "root.tar", sources],
	];
}

/** The packages' database of the tree: `dpkg/status`. */
export function packageStatus(runner: Runner): Promise<string> {
	return run(["tar", "--extract", "--to-stdout", "--file", "root.tar", "./var/lib/dpkg/status"], runner);
}

const UNPACK = `set -eu
mkdir tree
tar --extract --file root.tar --directory tree --numeric-owner --same-owner --same-permissions --xattrs --xattrs-include='*' --exclude='./dev/*'
rm root.tar
find tree -printf '%y %s\\n' | awk '$1 == "f" { bytes += int(($2 + 4095) / 4096) * 4096 } { files += 1 } END { printf "%.0f %d\\n", bytes, files }'
`;

/** Unpacks the tree without device nodes (devtmpfs has them) and measures it. */
export async function unpackTree(mode: Mode, runner: Runner): Promise<TreeSize> {
	const [bytes, files] = (await run(inNamespace(mode, ["sh", "-c", UNPACK]), runner)).trim().split(" ");
	return { bytes: Number(bytes), files: Number(files) };
}

/** What GRUB 2.06 and the kernels of all systems read, whatever this machine's mke2fs.conf says. */
const FEATURES =
	"none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file,huge_file,dir_nlink,extra_isize,metadata_csum";

export interface RootFileSystem {
	/** In bytes, within the disk's image. */
	readonly offset: number;
	readonly bytes: number;
	readonly uuid: string;
	readonly hashSeed: string;
	/** Seconds since 1970. */
	readonly time: number;
}

/** Writes the tree as an ext4 file system labelled root into the disk's image, which must be large enough, and removes the tree. */
export async function writeRoot(image: string, root: RootFileSystem, mode: Mode, runner: Runner): Promise<void> {
	const extended = `offset=${root.offset},hash_seed=${root.hashSeed},lazy_itable_init=0,lazy_journal_init=0,nodiscard,root_owner=0:0`;
	const argv = [
		"mke2fs",
		...["-q", "-F", "-t", "ext4", "-L", "root", "-U", root.uuid, "-O", FEATURES, "-E", extended],
		...["-b", "4096", "-I", "256", "-i", String(BYTES_PER_INODE), "-m", "1", "-e", "remount-ro", "-d", "tree"],
		...[image, `${root.bytes / 1024}k`],
	];
	await run(inNamespace(mode, argv), { ...runner, env: { E2FSPROGS_FAKE_TIME: String(root.time) } });
	await run(inNamespace(mode, ["rm", "-rf", "tree"]), runner);
}

/** A file of zeros that takes no room. */
export async function createSparse(path: string, bytes: number): Promise<void> {
	const file = await open(path, "wx");
	try {
		await file.truncate(bytes);
	} finally {
		await file.close();
	}
}
