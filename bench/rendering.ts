import type { TemplateSpec } from "../src/template/render.ts";
import { createRubyRenderer } from "../src/template/ruby/renderer.ts";
import { releaseJob } from "../test/support/links.ts";
import { findOnPath } from "../test/support/on-path.ts";
import { command } from "./command.ts";
import { compare, type Row } from "./compare.ts";

const template = `<% p('servers').each do |server| -%>
server <%= server['name'] %> <%= server['port'] %>
<% end -%>
greeting: <%= p('greeting').upcase %>
`;
const properties = {
	greeting: "hello",
	servers: Array.from({ length: 20 }, (_, index) => ({ name: `server-${index}`, port: 8000 + index })),
};

/** The same texts and the same answers of `p`, without the rest of BOSH's context. */
const rubyProgram = `require 'erb'; require 'json'
source, properties = JSON.parse(ARGV[1]).values_at('template', 'properties')
Object.send(:define_method, :p) { |name| properties.fetch(name) }
ARGV[0].to_i.times { ERB.new(source, trim_mode: '-').result(binding) }`;

const spec: TemplateSpec = {
	deployment: "big",
	job: { name: "app" },
	index: 0,
	bootstrap: true,
	name: "app",
	id: "id",
	az: "z1",
	ip: "10.0.0.1",
	address: "10.0.0.1",
	dns_domain_name: "bosh",
	persistent_disk: 0,
	networks: {},
	release: { name: "tiny", version: "1" },
	properties,
	links: {},
};

async function render(count: number): Promise<void> {
	const job = releaseJob("app", {
		templates: Array.from({ length: count }, (_, index) => ({
			source: `${index}.erb`,
			destination: `${index}`,
			content: template,
		})),
		properties: Object.fromEntries(Object.keys(properties).map((name) => [name, undefined])),
	});
	const renderer = createRubyRenderer();
	try {
		const options = { nowMs: 0, signal: new AbortController().signal };
		const { problems } = await renderer.render([{ group: "app", instance: "app/0", job, spec }], options);
		const [first] = problems;
		if (first) throw new Error(first.message);
	} finally {
		await renderer.close();
	}
}

/** ERB by CRuby on WebAssembly, from its start to its end, against CRuby itself. */
export async function rendering(folder: string): Promise<readonly Row[]> {
	const ruby = findOnPath("ruby");
	const given = JSON.stringify({ template, properties });
	const rows: Row[] = [];
	for (const count of [1, 1_000])
		rows.push(
			await compare({
				what: `${count.toLocaleString("en")} ERB ${count === 1 ? "template" : "templates"}, Ruby's start included`,
				davit: () => render(count),
				peer: "CRuby as a program, with `p` alone",
				runPeer:
					ruby === undefined ? undefined : () => command([ruby, "-e", rubyProgram, "--", String(count), given], folder),
				rounds: 5,
			}),
		);
	return rows;
}
