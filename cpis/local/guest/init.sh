#!/bin/bash
# Process 1 of a VM: reaps what loses its parent (bash waits for every child it gets), keeps the SSH server and, once
# it is installed, the supervisor running.
set -u
supervisor=/var/vcap/davit/supervisor/run
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
keep /opt/davit/node /opt/davit/sshd.js &
keep "$supervisor" &
while :; do wait; read -r -t 60 -u "$never"; done
