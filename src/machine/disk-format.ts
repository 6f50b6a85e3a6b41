/** Words for what `blkid` found, in REPLY. */
const describe = `what_it_holds() { # type
  case $1 in
    LVM2_member) REPLY="an LVM volume ($1)" ;;
    crypto_LUKS) REPLY="an encrypted volume ($1)" ;;
    linux_raid_member) REPLY="a part of a RAID ($1)" ;;
    swap) REPLY="swap space ($1)" ;;
    *) REPLY="a file system ($1)" ;;
  esac
}
tag() { blkid -p -s "$1" -o value "$2" || true; }
`;

/** A disk with partitions is mounted only if BOSH made them (GPT, `bosh-partition-*`). */
const choosePartition = `node=\${device##*/}
for partition in /sys/class/block/"$node"/"$node"*/partition; do
  if [ ! -e "$partition" ]; then continue; fi
  partition=\${partition%/partition} partition=/dev/\${partition##*/}
  if [[ $(tag PART_ENTRY_NAME "$partition") == bosh-partition-* ]]; then device=$partition; break; fi
  device=''
done
if [ -z "$device" ]; then die "$disk has partitions that BOSH did not make; davit leaves it alone"; fi
`;

/** The options are mkfs's own, as bosh-agent has them (platform/disk/linux_formatter.go). Until it is whole the file system has another label: then it was never mounted, and is made again. */
const make = `make_file_system() { # [-f]
  case $file_system in
    ext4) mkfs.ext4 -q -F -L davit-making "$device"; e2label "$device" davit-store ;;
    xfs) mkfs.xfs -q $1 -L davit-making "$device"; xfs_admin -L davit-store "$device" >/dev/null ;;
    *) die "davit can't make a file system of type $file_system" ;;
  esac
  udevadm settle --timeout=10 2>/dev/null || true
}
`;

const judge = `code=0
type=$(blkid -p -s TYPE -o value "$device" 2>/dev/null) || code=$?
if [ "$code" != 0 ] && [ "$code" != 2 ]; then die "$disk has several signatures: $(wipefs --no-act "$device" | tr '\\n' ';')"; fi
what_it_holds "$type"
label=$(tag LABEL "$device")
if [ -z "$type" ]; then
  signatures=$(wipefs --no-act "$device")
  if [ -n "$signatures" ]; then die "$disk is not empty, and holds no file system: $signatures"; fi
  if [ "$device" != "$found" ]; then die "$disk: the partition $device that BOSH made holds no file system"; fi
  if [ -z "$may_format" ]; then die "$disk was mounted before and now holds no file system; davit does not format it again"; fi
  make_file_system ''
  type=$file_system
elif [ "$label" = davit-making ] && [ "$device" = "$found" ]; then
  if [ -z "$may_format" ]; then die "$disk was mounted before and now holds a file system that was never finished; davit does not format it again"; fi
  make_file_system -f
  type=$file_system
elif [ -n "$may_format" ] && [ "$device" = "$found" ] && [ "$label" != davit-store ]; then
  die "$disk is new, but holds $REPLY that davit did not make"
fi
case $type in
  ext3 | ext4 | xfs) ;;
  *) die "$disk holds $REPLY, which davit doesn't mount" ;;
esac
`;

/** The disk's partition or all of it, in `device`, with a file system of `type`; formatted only if it is blank and `may_format`. */
export const formatDisk = `${describe}${choosePartition}${make}${judge}`;
