import { script } from "./prelude.ts";
import { assign, assignList } from "./shell.ts";

/** Files and folders of the VM as a tar on standard output, each under its last name. A path that isn't there is an error that names it, before anything is sent. */
export function sendFilesScript(paths: readonly string[]): string {
	return script(
		"fence_release",
		assignList("paths", paths),
		`arguments=()
for path in "\${paths[@]}"; do
  if [ ! -e "$path" ]; then die "$path: no such file or folder"; fi
  path=$(realpath -s "$path")
  arguments+=(--directory "\${path%/*}/" "./\${path##*/}")
done
tar --create --dereference --hard-dereference "\${arguments[@]}" || [ $? = 1 ]`,
	);
}

/**
 * Takes a tar from standard input to `target`, as scp does: into it if it is a folder or ends with a slash, else under that name, for which the
 * tar must hold one file or folder. A file that is there is replaced at once, never written over in part.
 */
export function receiveFilesScript(target: string): string {
	return script(
		"fence_release",
		assign("target", target),
		`into=$target name=''
if [[ $target == */ ]]; then mkdir -p "$target"
elif [ ! -d "$target" ]; then
  if [[ $target != /* ]]; then target=$PWD/$target; fi
  into=\${target%/*}/ name=\${target##*/}
fi
if [ ! -d "$into" ]; then die "$into: no such folder"; fi
staging=$(mktemp -d "$into/.davit-XXXXXX")
trap 'rm -rf "$staging"' EXIT
unpack "$staging" --no-same-owner
shopt -s nullglob dotglob
members=("$staging"/*)
if [ -n "$name" ] && [ "\${#members[@]}" != 1 ]; then die "$target is no folder: it can take one file, not \${#members[@]}"; fi
for member in \${members[@]+"\${members[@]}"}; do
  place=$into/\${name:-\${member##*/}}
  if [ -d "$member" ] && [ -d "$place" ]; then cp -aT "$member" "$place"
  else mv -fT "$member" "$place"
  fi
done`,
	);
}
