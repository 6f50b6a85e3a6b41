#!/bin/bash
# Holds one deployment's network: runs inside its own user, network and mount namespace until it is killed,
# and keeps the gateway running there. usage: network.sh FOLDER GUEST
set -u
folder=$1 guest=$2
cd "$folder" || exit 1
ip -batch - <<-'IP' || exit 1
	link set lo up
	link add davit0 type bridge
	link set davit0 up
IP
# Routes between the deployment's subnets; without these only the subnet itself is reached.
for switch in ipv4/ip_forward ipv6/conf/all/forwarding; do
	echo 1 >"/proc/sys/net/$switch"
done 2>/dev/null
read -r boot </proc/sys/kernel/random/boot_id
read -r _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ start _ </proc/$$/stat
echo "$boot $$ $start" >process.new
mv -f process.new process
trap '' PIPE
echo up || :
trap - PIPE
exec >&2 </dev/null
trap 'kill "$child" 2>/dev/null; exit 0' TERM
while :; do
	setpriv --pdeathsig KILL -- "$guest/node" "$guest/gateway.js" gateway.sock &
	child=$!
	wait "$child"
	sleep 1 &
	wait $!
done
