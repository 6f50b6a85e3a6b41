import { spawn } from "node:child_process";
import { createServer } from "node:https";
import process from "node:process";
import { createInterface } from "node:readline";

/**
 * Runs inside a network namespace that has the addresses: bosh-dns the first argument, with the config that the second names, beside the health server of
 * every instance (the one at the third argument's addresses says that it fails). Each line of standard input is a name; the answer to it is a line:
 * its addresses, sorted, each once: behind a placeholder bosh-dns repeats those of an instance on several networks.
 */
const [, , program = "", config = "", failing = "", certificates = ""] = process.argv;
const { ca, certificate, key } = JSON.parse(certificates) as Record<string, string>;
const options = { ca, cert: certificate, key, requestCert: true, rejectUnauthorized: true };
const health = createServer(options, (request, response) => {
	const state = failing.split(",").includes(request.socket.localAddress ?? "") ? "failing" : "running";
	response.end(JSON.stringify({ state, group_state: {} }));
});
health.listen(8853, "0.0.0.0");
const dns = spawn(program, ["--config", config], { stdio: ["ignore", "ignore", "inherit"] });
process.on("exit", () => dns.kill());

async function dig(name: string): Promise<string> {
	const asked = spawn("dig", ["+short", "+time=5", "+tries=1", "@169.254.0.2", name], {
		stdio: ["ignore", "pipe", "ignore"],
	});
	const chunks: Buffer[] = await asked.stdout.toArray();
	const addresses = new Set(Buffer.concat(chunks).toString().trim().split("\n"));
	return [...addresses].sort().join(" ");
}

for await (const name of createInterface({ input: process.stdin })) process.stdout.write(`${await dig(name)}\n`);
process.exit(0);
