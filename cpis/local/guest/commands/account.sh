# Sourced by the commands beside it: looks accounts up without forking. NAME may be a number.

# Sets user, uid, gid, home and shell from /etc/passwd.
find_user() {
	while IFS=: read -r user _ uid gid _ home shell; do
		if [ "$user" = "$1" ] || [ "$uid" = "$1" ]; then return 0; fi
	done </etc/passwd
	return 1
}

# Sets gid from /etc/group.
find_group() {
	local name
	while IFS=: read -r name _ gid _; do
		if [ "$name" = "$1" ] || [ "$gid" = "$1" ]; then return 0; fi
	done </etc/group
	return 1
}

refuse() {
	echo "${0##*/}: $1" >&2
	exit 1
}

# This VM may have a single id, which root and vcap share.
refuse_other_ids() {
	refuse "can't become $1: this embedded VM has only the id $EUID, which root and vcap share. Install newuidmap (package uidmap) on the host for real users."
}
