import { z } from "zod";
import { assignList } from "./shell.ts";

/** A TCP connection, or with a path an HTTP request without TLS, that must be answered on the VM. */
export interface ServiceProbe {
	readonly address: string;
	readonly port: number;
	readonly path?: string | undefined;
	/** Statuses of a good HTTP answer. Absent: 200 to 399. */
	readonly statuses?: readonly number[] | undefined;
}

/** Seconds for the answer of one; all are asked at the same time. */
const SERVICE_SECONDS = 3;

/** What one printed: empty for a TCP connection that was taken, the status line of an HTTP answer, or why there is none. */
export const serviceAnswersSchema = z.array(z.object({ ok: z.boolean(), said: z.string() }));

/** `services`, a list of ADDRESS PORT PATH, one word each. */
export function assignServices(services: readonly ServiceProbe[]): string {
	return assignList(
		"services",
		services.flatMap(({ address, port, path = "" }) => [address, String(port), path]),
	);
}

/** Leaves a JSON list in `services_said`. Whatever a service sends, 200 bytes of its first line are read. */
export const servicesFunction = `ask_service() { # address port path
  local code=0
  timeout ${SERVICE_SECONDS} bash -c 'exec 3<>"/dev/tcp/$0/$1" || exit 1
if [ -z "$2" ]; then exit 0; fi
printf "GET %s HTTP/1.0\\r\\nHost: %s:%s\\r\\nUser-Agent: davit\\r\\nConnection: close\\r\\n\\r\\n" "$2" "$0" "$1" >&3
IFS= read -r -n 200 line <&3
if [ -z "$line" ]; then echo "it hung up"; exit 1; fi
printf "%s\\n" "$line"' "$1" "$2" "$3" 2>&1 || code=$?
  printf '%s\\n' "=$code"
}
ask_services() {
  local fds=() fd said='' code='' line='' result='' ok='' one='' at=0
  while [ "$at" -lt "\${#services[@]}" ]; do
    exec {fd}< <(ask_service "\${services[@]:at:3}" 2>/dev/null)
    fds+=("$fd") at=$((at + 3))
  done
  for fd in "\${fds[@]}"; do
    said='' code=1
    while IFS= read -r line; do
      if [[ $line == =* ]]; then code=\${line#=}; else said=\${said:-\${line%$'\\r'}}; fi
    done <&"$fd"
    exec {fd}<&-
    if [ "$code" = 124 ]; then said='no answer within ${SERVICE_SECONDS} s'; fi
    json "\${said##*: }"
    result+=\${result:+,}
    if [ "$code" = 0 ]; then ok=true; else ok=false; fi
    printf -v one '{"ok":%s,"said":%s}' "$ok" "$REPLY"; result+=$one
  done
  services_said="[$result]"
}
`;

/** What is wrong with a service; undefined: nothing. */
export function serviceFailure(
	{ path, statuses }: ServiceProbe,
	{ ok, said }: z.infer<typeof serviceAnswersSchema>[number],
): string | undefined {
	if (!ok) return said;
	if (path === undefined) return undefined;
	const [, status] = /^HTTP\/\d(?:\.\d)? (\d{3})\b/.exec(said) ?? [];
	if (status === undefined) return "it does not speak HTTP";
	const isGood = statuses ? statuses.includes(Number(status)) : /^[23]/.test(status);
	return isGood ? undefined : `status ${status}`;
}
