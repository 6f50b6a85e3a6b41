import { script } from "./prelude.ts";
import { assign, assignList } from "./shell.ts";

const found = `home=$PWD
shopt -s nullglob
files=()
missing=''
for path in "\${paths[@]}"; do
  if [[ $path == '~' || $path == '~/'* ]]; then path=$home\${path#'~'}; fi
  matches=("$path")
  if [ ! -e "$path" ]; then IFS='' matches=($path); fi
  if [ "\${#matches[@]}" = 0 ] || [ ! -e "\${matches[0]}" ]; then missing+=" $path: no such file or folder;"; continue; fi
  for path in "\${matches[@]}"; do
    if [ -z "$recursive" ] && [ -d "$path" ]; then missing+=" $path is a folder: add -r;"; fi
    files+=("$path")
  done
done
if [ -n "$missing" ]; then missing=\${missing# }; die "\${missing%;}"; fi
`;

/**
 * Files and, with `recursive`, folders of the VM as a tar on standard output, each under its last name. A path may be a glob, and counts from
 * the login user's home. Paths that aren't there are an error that names them all, before anything is sent.
 */
export function sendFilesScript(paths: readonly string[], { recursive }: { readonly recursive: boolean }): string {
	return script(
		"fence_release",
		assignList("paths", paths),
		assign("recursive", recursive ? "yes" : ""),
		found,
		`arguments=()
for path in "\${files[@]}"; do
  path=$(realpath -s -- "$path")
  arguments+=(--directory "\${path%/*}/" "./\${path##*/}")
done
tar --create --dereference --hard-dereference "\${arguments[@]}" || [ $? = 1 ]`,
	);
}

const merge = `merge() { # from to
  local member='' place=$2
  if [ -L "$place" ] && [ -e "$place" ]; then place=$(realpath -- "$place"); fi
  if [ -d "$1" ] && [ -d "$place" ]; then
    for member in "$1"/*; do merge "$member" "$place/\${member##*/}"; done
    return
  fi
  if [ -d "$place" ]; then die "$place is a folder: a file can't take its place"; fi
  if [ -e "$place" ]; then
    if [ -d "$1" ] || [ ! -f "$place" ]; then die "$place is there, and is no file that could be replaced"; fi
    if [ -z "$one_id" ]; then chown --reference="$place" -- "$1"; fi
    chmod --reference="$place" -- "$1"
  fi
  mv -fT -- "$1" "$place"
}
`;

/**
 * Takes a tar from standard input to `target`, as scp does: into it if it is a folder or ends with a slash, else under that name, for which the
 * tar must hold one file or folder. What is new belongs to `owner`; a file that is there keeps its owner and mode and is replaced at once, never
 * written over in part. The target counts from the login user's home.
 */
export function receiveFilesScript(target: string, { owner }: { readonly owner: string }): string {
	return script(
		"fence_release",
		assign("target", target),
		assign("owner", owner),
		merge,
		`if [[ $target == '~' || $target == '~/'* ]]; then target=$PWD\${target#'~'}; fi
if [[ $target != /* ]]; then target=$PWD/$target; fi
into=$target name=''
if [[ $target == */ ]]; then mkdir -p -- "$target"
elif [ ! -d "$target" ]; then
  into=\${target%/*}/ name=\${target##*/}
fi
if [ ! -d "$into" ]; then die "$into: no such folder"; fi
staging=$(mktemp -d "$into/.davit-XXXXXX")
trap 'rm -rf "$staging"' EXIT
unpack "$staging" --no-same-owner
shopt -s nullglob dotglob
members=("$staging"/*)
if [ -n "$name" ] && [ "\${#members[@]}" != 1 ]; then die "$target is no folder: it can take one file, not \${#members[@]}"; fi
if [ -z "$one_id" ] && [ "\${#members[@]}" != 0 ]; then chown -R "$owner:" -- "\${members[@]}"; fi
for member in \${members[@]+"\${members[@]}"}; do merge "$member" "\${into%/}/\${name:-\${member##*/}}"; done`,
	);
}
