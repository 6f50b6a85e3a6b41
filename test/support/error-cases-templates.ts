import type { Renderer, RenderRequest } from "../../src/template/render.ts";
import type { ErrorCase, ErrorCases } from "./error-cases.ts";
import { releaseJob } from "./links.ts";

const database = {
	...{ deployment_name: "shop", instance_group: "db", default_network: "private", domain: "bosh", address: "10.0.9.2" },
	...{ properties: { port: 5432 }, instances: [] },
};

/** Job app of web/0, with this template and nothing given to it but a link. */
function request(content: string): RenderRequest {
	const job = releaseJob("app", {
		release: "shop",
		templates: [{ source: "app.json.erb", destination: "config/app.json", content }],
		consumes: [
			{ name: "database", type: "postgres", optional: false },
			{ name: "cache", type: "redis", optional: true },
		],
		properties: { port: undefined },
	});
	return {
		group: "web",
		instance: "web/0",
		job,
		spec: {
			...{ deployment: "shop", job: { name: "web" }, index: 0, bootstrap: true, name: "web", id: "an-id", az: "z1" },
			...{ ip: "10.0.1.20", address: "10.0.1.20", dns_domain_name: "bosh", persistent_disk: 0, networks: {} },
			...{ release: { name: "shop", version: "1.2" }, properties: {}, links: { database } },
		},
	};
}

/** What is wrong with templates, and with what they are given. */
export function templateCases(renderer: Renderer): ErrorCases {
	const template = (content: string, templateDeadlineMs = 20_000): ErrorCase => {
		const options = { nowMs: 0, signal: new AbortController().signal, templateDeadlineMs };
		return async () => (await renderer.render([request(content)], options)).problems;
	};
	return {
		"link-missing": [template("\n<%= link('cache').address %>")],
		"link-property-missing": [template("\n<%= link('database').p('user') %>")],
		"link-undeclared": [template("\n<%= link('databse').address %>")],
		"property-missing": [template("\n<%= p('port') %>")],
		"property-undeclared": [template("\n<%= p('prot') %>")],
		"template-draws-randomness": [template("\n<%= SecureRandom.hex(8) %>")],
		"template-ended-ruby": [template("\n<% exit! %>")],
		"template-failed": [template("\n<% raise 'port must be above 1024' %>"), template("\n<%= nil.fetch('port') %>")],
		"template-syntax": [template("\n<% if true %>")],
		"template-too-slow": [template("<% loop {} %>", 2000)],
	};
}
