#!/bin/bash
# First life of a VM's process 1, as root of the VM's own namespaces: addresses, /proc, /dev and the other mounts;
# then it becomes init.sh. usage: boot.sh VM IDS
set -eu
vm=$1 ids=$2
root=$vm/root
# /proc is still the host's here: its "self" is this process as the host sees it.
read -r pid _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ start _ </proc/self/stat
echo "pid $pid $start"
read -r _
ip -batch "$vm/boot/addresses"
echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start
hostname "$(<"$vm/boot/hostname")"

# A mount of this namespace's own can become its root; the one that came from outside is locked.
mount --rbind "$root" "$root"
cd "$root"
mount -t proc -o nosuid,nodev,noexec proc proc
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys 2>/dev/null || :
mount -t tmpfs -o mode=755,nodev run run
mount -t tmpfs -o mode=755,size=1m,noexec dev dev
for node in null zero full random urandom tty; do
	: >"dev/$node"
	mount --bind "/dev/$node" "dev/$node"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev shm dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s fd/0 dev/stdin
ln -s fd/1 dev/stdout
ln -s fd/2 dev/stderr
mkdir -p run/davit/host
cp "$(command -v setpriv)" run/davit/setpriv
cp "$(command -v "${DAVIT_UNSHARE:-unshare}")" run/davit/unshare
pivot_root . run/davit/host
cd /
umount -l run/davit/host
mkdir -p run/lock run/sshd var/vcap/data/sys/run
chmod 1777 run/lock
mount -t tmpfs -o mode=755,size=16m,nosuid,nodev run-jobs var/vcap/data/sys/run
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
unset OLDPWD
if [ "$ids" = one ]; then
	exec /run/davit/unshare --user --map-user=1000 --map-group=1000 bash /opt/davit/init.sh
fi
if group=$(getent group bosh_sudoers); then
	# sudo's way up: nothing on the host's disk is setuid.
	cp run/davit/setpriv run/davit/raise
	chgrp "$(cut -d: -f3 <<<"$group")" run/davit/raise
	chmod 4750 run/davit/raise
fi
exec bash /opt/davit/init.sh
