import { quote } from "../shell.ts";

/**
 * Installed where the distribution keeps its own, at BOSH's path. Where /usr is the host's and read-only the bundle in
 * /etc is made from a copy of what it was, kept beside it, so that a certificate that is taken back goes away.
 */
export function trustedCertificates(pem: string): string {
	return `certificates=${quote(pem.endsWith("\n") ? pem : `${pem}\n`)}
if [ -w /usr/local/share/ca-certificates ]; then
  put /usr/local/share/ca-certificates/bosh-trusted-cert-1.crt 0644 root:root "$certificates"
  update-ca-certificates >/dev/null
else
  bundle=/etc/ssl/certs/ca-certificates.crt
  mkdir -p /etc/ssl/certs
  if [ ! -e "$bundle.davit-base" ]; then cat "$bundle" >"$bundle.davit-base" 2>/dev/null || true; fi
  put "$bundle" 0644 root:root "$(<"$bundle.davit-base")"$'\\n'"$certificates"
fi
`;
}
