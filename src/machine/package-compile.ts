import { packagePath, pathName } from "./layout.ts";
import { type PackageBits, presentFunction } from "./package.ts";
import { script } from "./prelude.ts";
import { assign, assignList } from "./shell.ts";

/**
 * The packaging script sees a /var/vcap/packages of its own with just what the package declares, in a private mount namespace, so that a
 * VM that runs jobs keeps its own and packages compile side by side. Where no namespace can be made (one id, and the host
 * forbids it) the links are made in the VM's own folder; `activatePackagesScript` puts it right before jobs start.
 */
const enter = `bind='mount --bind "$1" /var/vcap/packages && shift && exec "$@"'
inside=()
for way in "--mount" "--user --map-current-user --keep-caps --mount"; do
  if unshare $way bash -c "$bind" davit "$links" true 2>/dev/null; then
    inside=(unshare $way bash -c "$bind" davit "$links")
    break
  fi
done
if [ "\${#inside[@]}" = 0 ]; then
  for link in "$links"/*; do link "$(readlink "$link")" "/var/vcap/packages/\${link##*/}"; done
fi
`;

const program = `fence_release
source=/var/vcap/data/compile/$name
mark=\${target%/*}/.\${target##*/}.incomplete
mkdir -p "\${target%/*}" /var/vcap/data/compile
exec {lock}>>"/var/vcap/data/compile/.$name.lock"
flock "$lock"
if present "$target"; then cat >/dev/null; exit 0; fi
: >"$mark"
rm -rf "$target" "$source" "$source.links"
mkdir "$target" "$source" "$source.links"
links=$source.links
trap 'rm -rf "$source" "$links"; if [ -e "$mark" ]; then rm -rf "$target" "$mark"; fi' EXIT
unpack "$source" --no-same-owner
for path in \${packages[@]+"\${packages[@]}"}; do
  present "$path" || die "package $name needs \${path#/var/vcap/data/packages/}, which isn't on this VM"
  need=\${path%/*}
  ln -s "$path" "$links/\${need##*/}"
done
ln -s "$target" "$links/$name"
${enter}if [ -f "$source/packaging" ]; then
  code=0
  (cd "$source" && exec {lock}>&- && exec \${inside[@]+"\${inside[@]}"} env -u LC_ALL \\
    BOSH_COMPILE_TARGET="$source" BOSH_INSTALL_TARGET="/var/vcap/packages/$name" \\
    BOSH_PACKAGE_NAME="$name" BOSH_PACKAGE_VERSION="$version" bash -x packaging </dev/null 2>&1) || code=$?
  if [ "$code" != 0 ]; then exit "$code"; fi
fi
own root:vcap 0755 "$target" "\${target%/*}"
durable "$target"
rm -f "$mark"
`;

/**
 * Compiles a package as bosh-agent does (its agent/compiler): the source tgz comes on standard input, its `packaging` runs by `bash -x` in `data/compile/NAME`
 * with the BOSH_ variables, output and errors in one stream that keeps their order, exit code kept. The result is at the package's final path, since programs remember
 * where they were installed; a mark beside it says that it isn't whole until the script has succeeded. A second call waits for the first and finds its result.
 */
export function compileScript(
	spec: PackageBits & { readonly version: string; readonly dependencies: readonly PackageBits[] },
): string {
	return script(
		presentFunction,
		assign("name", pathName("package", spec.name)),
		assign("version", spec.version),
		assign("target", packagePath(spec.name, spec.fingerprint)),
		assignList(
			"packages",
			spec.dependencies.map(({ name, fingerprint }) => packagePath(name, fingerprint)),
		),
		program,
	);
}
