import { mountedAt } from "./disk-mount.ts";
import { DAVIT } from "./layout.ts";
import { script } from "./prelude.ts";
import { assign } from "./shell.ts";

export interface CopyOptions {
	/** Mount points: of the disk that is copied, and of the one that it is copied to. */
	readonly from: string;
	readonly to: string;
	/** An earlier copy was found to be whole: if the two are still the same, that is all. */
	readonly whole: boolean;
}

/** KiB that files take on what is mounted at `mount_point`, in REPLY. Where the cloud's disks are folders, others' files are beside them. */
const use = `use() { # mount-point
  mounted_at "$1"
  if [ -z "$device_numbers" ]; then die "nothing is mounted at $1"; fi
  if [ "$mounted_folder" = / ] && [[ $mounted_source == /dev/* ]]; then REPLY=$(df --output=used "$1" | tail -n 1)
  else REPLY=$(du -sxk "$1") REPLY=\${REPLY%%[!0-9]*}; fi
  REPLY=$((REPLY))
}
`;

/** Prints how much files take on what is mounted there, in KiB. Changes nothing and needs no fence. */
export function diskUseScript(mountPoint: string): string {
	return script(mountedAt, use, assign("mount_point", mountPoint), 'use "$mount_point"; echo "$REPLY"');
}

/** A digest of all that is below a folder, in REPLY: kinds, modes, owners, links, sizes, seconds of change, names. Sockets are no data. */
const listing = `listing() { # folder
  REPLY=$(find "$1" -xdev ! -type s \\( -type d -printf '%y %m %U %G %T@ %P\\0' -o -printf '%y %m %U %G %n %s %T@ %P -> %l\\0' \\) |
    sed -z 's/\\.[0-9]* / /' | sort -z | sha256sum)
}
`;

const prepare = `use "$to"
use "$from"
need=$REPLY
if [ "$mounted_folder" = / ] && [[ $mounted_source == /dev/* ]]; then
  said=$(mount -o remount,ro "$from" 2>&1) || die "$from can't be made read-only, something writes there: $said"
fi
listing "$from"
source=$REPLY
if [ -n "$whole" ]; then
  listing "$to"
  if [ "$REPLY" = "$source" ]; then exit 0; fi
fi
find "$to" -xdev -mindepth 1 -delete
`;

/** With what root may fill; an xfs makes inodes as it needs them, and some file systems don't count them. */
const mustFit = `read -r total used files files_used < <(df --output=size,used,itotal,iused "$to" | tail -n 1)
read -r files_need < <(df --output=iused "$from" | tail -n 1)
if [ "$need" -gt $((total - used)) ]; then
  die "the disk that it is to be copied to is too small: $from holds $((need / 1024)) MiB, and there is room for $(((total - used) / 1024)) MiB"
fi
if [[ $files =~ ^[1-9] && $files_need =~ ^[1-9] ]] && [ "$files_need" -gt $((files - files_used)) ]; then
  die "the disk that it is to be copied to is too small: $from holds $files_need files, and there is room for $((files - files_used))"
fi
`;

/**
 * Two tars, and every few seconds a line: it tells how far they are, and fails if nobody listens any more. Then, and when a newer davit has come,
 * they end, so that whoever comes next does not wait for them. The script has the pipe open as well: the one that reads ends before the other has
 * written the padding behind the archive, which must not fail.
 */
const copy = `pipe=${DAVIT}/disk-copy.pipe said=${DAVIT}/disk-copy.said
rm -f "$pipe"
mkfifo "$pipe"
owner=--same-owner
if [ -n "$one_id" ]; then owner=--no-same-owner; fi
attributes=(--acls --xattrs --xattrs-include='*' --xattrs-exclude=security.selinux)
writer='' reader=''
trap 'kill $writer $reader 2>/dev/null || true; rm -f "$pipe" "$said" "$said.create"' EXIT
trap '' PIPE
tar --create --sparse --one-file-system "\${attributes[@]}" --directory "$from" --file - . >"$pipe" 2>"$said.create" &
writer=$!
exec {archive}<"$pipe"
tar --extract --preserve-permissions --numeric-owner "$owner" "\${attributes[@]}" --delay-directory-restore \\
  --warning=no-timestamp --directory "$to" --file - <&"$archive" 2>"$said" &
reader=$!
fence_release
ticks=0
while kill -0 "$reader" 2>/dev/null; do
  sleep 0.2
  ticks=$((ticks + 1))
  if [ $((ticks % 25)) != 0 ]; then continue; fi
  fence_hold
  fence_release
  now=$(df --output=used "$to" | tail -n 1)
  echo "copied $(((now - used) / 1024)) of $((need / 1024)) MiB" 2>/dev/null || exit 1
done
code=0
wait "$reader" || code=$?
reader=''
if [ "$code" != 0 ]; then die "the copy could not be written: $(tail -n 5 "$said")"; fi
wait "$writer" || code=$?
writer=''
if [ "$code" != 0 ]; then die "$from could not be read: $(tail -n 5 "$said.create")"; fi
if grep -q -e 'attribute' -e ' ACL' "$said"; then die "not all attributes of files could be kept: $(head -n 5 "$said")"; fi
`;

const verify = `sync -f "$to"
listing "$from"
if [ "$REPLY" != "$source" ]; then die "something has written to $from while it was copied"; fi
listing "$to"
if [ "$REPLY" != "$source" ]; then die "the copy of $from is not the same as what it was made from"; fi
`;

/**
 * Copies a persistent disk with its jobs stopped, as bosh-agent does (platform.MigratePersistentDisk): what is copied becomes read-only, and all of it
 * goes through tar, which keeps owners, links, holes and attributes. What an earlier try left on the target goes first. In the end the target is on disk and
 * compared; both stay mounted. A cloud's folder that is no block device stays writable.
 */
export function copyDiskScript({ from, to, whole }: CopyOptions): string {
	return script(
		"exclusive disk",
		mountedAt,
		use,
		listing,
		assign("from", from),
		assign("to", to),
		assign("whole", whole ? "yes" : ""),
		prepare,
		mustFit,
		copy,
		verify,
	);
}
