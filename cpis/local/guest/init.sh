#!/bin/bash
# Process 1 of a VM: reaps what loses its parent (bash waits for every child it gets), keeps the SSH server and, once
# it is installed, the supervisor running.
set -u
davit=/var/vcap/davit
supervisor=$davit/supervisor/run
exec {never}<> <(:)

# Starts again what ended, at once the first time, then waiting up to 8 s while it keeps ending within 10 s.
keep() {
	local pause=0 began
	while :; do
		until [ -x "$1" ]; do read -r -t 0.2 -u "$never"; done
		began=$SECONDS
		"$@" {never}<&- </dev/null &
		wait $!
		echo "init: $1 ended with $?"
		((pause = SECONDS - began > 10 ? 0 : pause < 8 ? pause * 2 + 1 : 8))
		read -r -t "$pause" -u "$never"
	done
}

# The time of the last rotation is kept: a VM that is off at the hour, or never up for one, rotates when it starts.
rotate_logs() {
	local last wait
	while :; do
		last=0
		[ ! -f "$davit/rotated" ] || read -r last <"$davit/rotated"
		[[ $last =~ ^[0-9]{1,12}$ ]] && ((last <= EPOCHSECONDS)) || last=0
		((wait = last + 3600 - EPOCHSECONDS))
		if ((wait > 0)); then
			read -r -t "$wait" -u "$never"
		elif [ -x "$davit/rotate-logs" ]; then
			"$davit/rotate-logs" {never}<&- || echo "init: $davit/rotate-logs ended with $?"
			echo "$EPOCHSECONDS" >"$davit/rotated" || read -r -t 3600 -u "$never"
		else
			read -r -t 60 -u "$never"
		fi
	done
}

stop() {
	trap '' TERM
	kill -TERM -1
	for _ in {1..100}; do
		others=(/proc/[2-9]* /proc/1[0-9]*)
		[ "${others[*]}" = "/proc/[2-9]* /proc/1[0-9]*" ] && break
		read -r -t 0.1 -u "$never"
	done
	exit 0
}

echo up
exec >&2 </dev/null
trap stop TERM
# As systemd's unit does on other VMs: what a reboot loses is there before any job starts, and before davit looks.
[ ! -x "$davit/boot" ] || "$davit/boot" {never}<&- || echo "init: $davit/boot ended with $?"
keep /opt/davit/node /opt/davit/sshd.js &
keep "$supervisor" &
rotate_logs &
while :; do wait; read -r -t 60 -u "$never"; done
