import { DATA, packagePath } from "./layout.ts";
import { keepArchive, type PeerArchive, roomFunction } from "./peer-archive.ts";
import { script } from "./prelude.ts";
import { assign, assignList } from "./shell.ts";

/** The bits of one package. `fingerprint` names them on the VM: whatever changes them must change it. */
export interface PackageBits {
	readonly name: string;
	readonly fingerprint: string;
}

const paths = (list: readonly PackageBits[]) =>
	assignList(
		"packages",
		list.map(({ name, fingerprint }) => packagePath(name, fingerprint)),
	);

/** A folder counts only without the mark that a compilation that didn't end leaves beside it (package-compile.ts). */
export const presentFunction = `present() { [ -d "$1" ] && [ ! -e "\${1%/*}/.\${1##*/}.incomplete" ]; }
`;

/** Prints the name of each package whose bits the VM lacks, one a line. */
export function missingPackagesScript(list: readonly PackageBits[]): string {
	return script(
		presentFunction,
		paths(list),
		`for path in "\${packages[@]}"; do
  if ! present "$path"; then path=\${path%/*}; echo "\${path##*/}"; fi
done`,
	);
}

/**
 * Unpacks the compiled package that comes on standard input (tar, compressed or not). Half a package is never seen; nothing runs it before
 * {@link activatePackagesScript}. With `keep`, and where there is room, the archive stays for other VMs (peer.ts).
 */
export function installPackageScript(bits: PackageBits, keep?: PeerArchive): string {
	const plain = `unpack "$staging" --no-same-owner`;
	if (!keep) return intoPlace(bits, plain);
	const kept = `if [ -n "$keep" ]; then { tee "$archive" || rm -f "$archive"; } | ${plain}
else ${plain}; fi`;
	return intoPlace(bits, kept, keep);
}

/**
 * The same for an archive that the VM fetches itself. A configuration of curl's that holds the URL ({@link curlConfig}) comes on standard input:
 * whoever has the URL may read the archive, so it stands in no list of processes. Nothing is unpacked before the SHA-256 (64 hex digits) is right.
 * Fails with the reason as the last line on standard error. A stream without a byte is given up after `silenceS` seconds.
 */
export function fetchPackageScript(bits: PackageBits, sha256: string, keep?: PeerArchive, silenceS = 60): string {
	return intoPlace(
		bits,
		`command -v curl >/dev/null || { cat >/dev/null; die "there is no curl on this VM"; }
curl --config - --output "$archive" --silent --show-error --fail --globoff --proto =http,https \\
  --connect-timeout 10 --speed-limit 1 --speed-time ${silenceS} --retry 3 --retry-max-time 30
${unpackArchive(sha256)}`,
		keep,
	);
}

/** Checks the file `$archive`, and unpacks it. */
export function unpackArchive(sha256: string): string {
	return `echo "${sha256}  $archive" | sha256sum --check --status || die "what came has another digest than ${sha256}"
unpack "$staging" --no-same-owner <"$archive"`;
}

/** What curl reads from standard input. */
export function curlConfig(url: string): string {
	return `url = ${JSON.stringify(url)}\n`;
}

/** What `unpack` leaves in the folder $staging becomes the package's, all at once; what it leaves as `$archive` is kept for other VMs, where that is wanted. */
export function intoPlace({ name, fingerprint }: PackageBits, unpack: string, keep?: PeerArchive): string {
	return script(
		presentFunction,
		roomFunction,
		assign("target", packagePath(name, fingerprint)),
		`fence_release
if present "$target"; then cat >/dev/null; exit 0; fi
mkdir -p "\${target%/*}"
staging=$(mktemp -d "\${target%/*}/.incoming-XXXXXX")
archive=$staging.archive secret=''
trap 'rm -rf "$staging" "$archive" \${secret:+"$secret"}' EXIT
${keep ? `keep=''\nif has_room ${keep.bytes}; then keep=yes; fi\n` : ""}${unpack}
own root:vcap 0755 "$staging" "\${target%/*}"
durable "$staging"
fence_hold
${keep ? `if [ -n "$keep" ] && [ -f "$archive" ]; then\n${keepArchive(keep.sha256)}\nfi\n` : ""}rm -rf "$target" "\${target%/*}/.\${target##*/}.incomplete"
mv -T "$staging" "$target"`,
	);
}

/** Points `/var/vcap/packages/NAME` at the given bits, and removes all other links there. The bits must be on the VM. */
export function activatePackagesScript(list: readonly PackageBits[]): string {
	return script(
		presentFunction,
		paths(list),
		`for path in \${packages[@]+"\${packages[@]}"}; do
  name=\${path%/*} name=\${name##*/}
  present "$path" || die "package $name isn't on this VM"
done
keep=' '
for path in \${packages[@]+"\${packages[@]}"}; do
  name=\${path%/*} name=\${name##*/}
  link "$path" "/var/vcap/packages/$name"
  keep+="$name "
done
for old in /var/vcap/packages/*; do
  if [ -L "$old" ] && [[ $keep != *" \${old##*/} "* ]]; then rm -f "$old"; fi
done`,
	);
}

/** `pack FOLDER`: as tar.gz on standard output, the same bytes for the same files. Fast: gzip's own level takes longer than many a compilation, for a tenth of the size. */
export const packFunction = `pack() {
  tar --create --sort=name --owner=0 --group=0 --numeric-owner --directory "$1" . | gzip -n -1
}
`;

/** The bits as tar.gz on standard output, in an order that doesn't depend on the file system. */
export function packCompiledScript({ name, fingerprint }: PackageBits): string {
	return script(
		presentFunction,
		packFunction,
		assign("target", packagePath(name, fingerprint)),
		`fence_release
present "$target" || die "package \${target#${DATA}/packages/} isn't on this VM"
pack "$target"`,
	);
}

/** Removes what neither the list nor a link in /var/vcap/packages names, and what scripts that were cut short left behind. */
export function cleanupPackagesScript(keep: readonly PackageBits[]): string {
	return script(
		paths(keep),
		`shopt -s nullglob dotglob
keep=" \${packages[*]-} "
for link in /var/vcap/packages/*; do keep+="$(readlink "$link") "; done
for path in ${DATA}/packages/*/*; do
  if [[ $keep != *" $path "* ]]; then rm -rf "$path"; fi
done
for folder in ${DATA}/packages/*; do rmdir "$folder" 2>/dev/null || true; done
rm -rf ${DATA}/compile/*`,
	);
}
