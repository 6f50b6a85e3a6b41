#!/bin/bash
# Fills a new VM's root folder, as root of the deployment's namespaces. Safe to run again after a crash.
# usage: populate.sh VM IDS
set -eu
vm=$1 ids=$2
root=$vm/root seed=$vm/seed
here=${0%/*}
rm -rf "$root" "$vm/usr"
mkdir -p "$root"/{dev,etc,home,media,mnt,opt/davit,proc,root,run,srv,sys,tmp,usr} "$root"/var/{backups,cache,lib,local,log,mail,opt,spool,tmp,vcap}
chmod 755 "$root" "$root"/*
chmod 1777 "$root/tmp" "$root/var/tmp"
chmod 700 "$root/root"
ln -s /run "$root/var/run"
ln -s /run/lock "$root/var/lock"
for link in bin sbin lib lib32 lib64 libx32; do
	[ ! -h "/$link" ] || cp -P "/$link" "$root/$link"
done

# Only what programs need of the host's settings: no secrets, no accounts, no services.
parts=()
for part in alternatives bash.bashrc bindresvport.blacklist ca-certificates ca-certificates.conf crypto-policies \
	debian_version default fonts gai.conf host.conf inputrc java-17-openjdk java-21-openjdk ld.so.cache ld.so.conf \
	ld.so.conf.d locale.alias locale.gen localtime login.defs logrotate.conf magic mime.types nsswitch.conf os-release \
	pam.conf pam.d perl pki profile profile.d protocols python3 redhat-release rpc security services shells skel ssl \
	sysctl.conf sysctl.d terminfo timezone xattr.conf; do
	if [ -e "/etc/$part" ] || [ -h "/etc/$part" ]; then parts+=("/etc/$part"); fi
done
# Some of it may be closed to this user.
cp -a --no-preserve=ownership "${parts[@]}" "$root/etc/" 2>/dev/null || :
rm -rf "$root/etc/ssl/private"
mkdir -p "$root"/etc/{ssh,cron.d,cron.hourly,cron.daily,init.d,logrotate.d,modprobe.d,sudoers.d,sysctl.d}
install -m 644 "$seed"/etc/* "$root/etc/"
ln -sf /proc/self/mounts "$root/etc/mtab"
chmod 640 "$root/etc/shadow" "$root/etc/gshadow"
install -m 600 "$seed/ssh/ssh_host_ed25519_key" "$root/etc/ssh/"
install -m 644 "$seed/ssh/ssh_host_ed25519_key.pub" "$root/etc/ssh/"

# These are writable in the VM though the host's lie beneath. Commands of ours stand in for the host's.
mkdir -p "$vm/usr/work" "$vm"/usr/upper/{bin,sbin,lib,share,local}
mkdir -p "$vm"/usr/upper/local/{bin,etc,include,lib,sbin,share,src} "$vm"/usr/upper/local/share/ca-certificates
chmod -R 755 "$vm/usr/upper"
case $ids in
one) commands=(su sudo setpriv chpst logger) ;;
*) commands=(sudo logger) ;;
esac
[ -e /usr/bin/chpst ] || commands+=(chpst)
cp "${commands[@]/#/$here/commands/}" "$vm/usr/upper/bin/"
# runuser is in sbin.
[ "$ids" != one ] || ln -s ../bin/su "$vm/usr/upper/sbin/runuser"
: >"$root/var/log/syslog"
chmod 666 "$root/var/log/syslog"
chmod 755 "$vm"/usr/upper/bin/*

login=$(<"$seed/login")
while IFS=: read -r user _ uid gid _ home _; do
	case $user in
	root | vcap | "$login") mkdir -p "$root$home" ;;
	*) continue ;;
	esac
	if [ "$user" = "$login" ]; then
		mkdir -p -m 700 "$root$home/.ssh"
		install -m 600 "$seed/authorized_keys" "$root$home/.ssh/"
	fi
	[ "$ids" = one ] || chown -R "$uid:$gid" "$root$home"
done <"$seed/etc/passwd"
[ "$ids" = one ] || chgrp 42 "$root/etc/shadow" "$root/etc/gshadow"
