#!/bin/bash
# Powers one VM on and stays as its monitor: its mount namespace is the one in which disks are attached. Runs in the
# deployment's namespaces. usage: machine.sh VM GUEST IDS   (IDS is "one" or "many")
set -eu
vm=$1 guest=$2 ids=$3
here=$guest
root=$vm/root
umask 022

# Whoever powers the VM off before it is up, since the davit that started this is gone, ends this with all its children.
read -r boot </proc/sys/kernel/random/boot_id
read -r _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ own _ </proc/$$/stat
echo "$boot $$ $own" >"$vm/boot/monitor"

if [ -d "$vm/seed" ]; then
	"$here/populate.sh" "$vm" "$ids"
	rm -rf "$vm/seed"
fi

mount --bind "$root" "$root"
mount --make-shared "$root"

# The host's system lies beneath, read-only; what the VM writes there is its own.
overlay() { mount -t overlay davit-usr -o "lowerdir=/usr,upperdir=$1/upper,workdir=$1/work$2" "$root/usr" 2>/dev/null; }
if ! overlay "$vm/usr" ,userxattr && ! overlay "$vm/usr" ""; then
	# Not every file system can be written through an overlay; memory can.
	mkdir -p "$vm/memory"
	mount -t tmpfs -o mode=755 davit-usr "$vm/memory"
	cp -a "$vm/usr/upper" "$vm/memory/upper"
	mkdir "$vm/memory/work"
	if ! overlay "$vm/memory" ,userxattr && ! overlay "$vm/memory" ""; then
		mount --rbind /usr "$root/usr"
		mount -o remount,bind,ro "$root/usr"
		for command in "$vm"/usr/upper/bin/* "$vm"/usr/upper/sbin/*; do
			name=${command#"$vm/usr/upper/"}
			[ ! -f "$root/usr/$name" ] || mount --bind "$(realpath "$command")" "$root/usr/$name"
		done
	fi
fi
for folder in bin sbin lib lib32 lib64 libx32 nix; do
	if [ -d "/$folder" ] && [ ! -h "/$folder" ]; then
		mkdir -p "$root/$folder"
		mount --bind "/$folder" "$root/$folder"
		mount -o remount,bind,ro "$root/$folder"
	fi
done
mkdir -p "$root/opt/davit"
mount --bind "$guest" "$root/opt/davit"
mount -o remount,bind,ro "$root/opt/davit"
while IFS=$'\t' read -r disk place; do
	"$here/attach.sh" "$root" "$disk" "$place"
done <"$vm/boot/disks"

coproc guest {
	exec "${DAVIT_UNSHARE:-unshare}" --user --net --mount --propagation slave --pid --uts --ipc --fork \
		bash -c 'echo unshared && read -r _ && exec bash "$@"' boot "$here/boot.sh" "$vm" "$ids"
}
waiter=$guest_PID
exec {from}<&"${guest[0]}" {to}>&"${guest[1]}"
read -r said <&"$from" && [ "$said" = unshared ]
if [ "$ids" = one ]; then
	echo deny >"/proc/$waiter/setgroups" 2>/dev/null || :
fi
for map in uid_map gid_map; do
	lines=
	while read -r inside _ count; do
		lines+="$inside $inside $count"$'\n'
	done <"/proc/self/$map"
	# The kernel takes a map in one write; bash would write line by line.
	cat <<<"${lines%$'\n'}" >"/proc/$waiter/$map"
done
echo mapped >&"$to"
read -r said pid start <&"$from" && [ "$said" = pid ]
wire=$(<"$vm/boot/wire")
ip -batch - <<<"${wire//@PID@/$pid}"
echo "$boot $pid $start $$ $own" >"$vm/process.new"
mv -f "$vm/process.new" "$vm/process"
echo wired >&"$to"
read -r said <&"$from" && [ "$said" = up ]
trap '' PIPE
echo up || :
exec >&2 </dev/null {from}<&- {to}>&- {guest[0]}<&- {guest[1]}>&-
wait "$waiter" || :
