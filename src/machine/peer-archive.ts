import { DATA } from "./layout.ts";

/** Archives that other VMs may read, each under its SHA-256, for the duration of a run. */
export const PEER_ARCHIVES = `${DATA}/davit-peer`;

export interface PeerArchive {
	/** 64 hex digits. */
	readonly sha256: string;
	readonly bytes: number;
}

/** `has_room BYTES` is true if an archive of that size may lie on the data disk: what is in it takes about three times as much. */
export const roomFunction = `has_room() {
  local free
  free=$(df --output=avail --block-size=1 ${DATA} | tail -n 1)
  [ "$free" -gt $((4 * $1)) ]
}
`;

/** Keeps \`$archive\`, a file on the data disk, for other VMs. */
export function keepArchive(sha256: string): string {
	return `mkdir -p ${PEER_ARCHIVES}
own root:root 0755 ${PEER_ARCHIVES}
own root:root 0644 "$archive"
mv -fT "$archive" ${PEER_ARCHIVES}/${sha256}`;
}
