import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, describe, expect, test } from "vitest";
import type { ReleaseJob } from "../../../../src/release/release.ts";
import type { RenderRequest, TemplateSpec } from "../../../../src/template/render.ts";
import { createRubyRenderer } from "../../../../src/template/ruby/renderer.ts";
import { releaseJob } from "../../../support/links.ts";

const renderer = createRubyRenderer();
afterAll(() => renderer.close());

const options = { nowMs: Date.parse("2026-01-02T03:04:05Z"), signal: new AbortController().signal };

const links: TemplateSpec["links"] = {
	db: {
		deployment_name: "min",
		instance_group: "database",
		default_network: "default",
		domain: "bosh",
		address: "q-s0.database.default.min.bosh",
		query: { tokens: [], azs: { z1: 4, z2: 9 }, suffix: "database.default.min.bosh" },
		properties: { port: 5432, tls: { on: false } },
		instances: [
			{
				name: "database",
				id: "id-0",
				index: 0,
				az: "z1",
				address: "10.0.0.1",
				bootstrap: true,
				properties: { port: 1 },
			},
			{ name: "database", id: "id-1", index: 1, az: "z2", address: "10.0.0.2", bootstrap: false },
		],
	},
	outside: {
		deployment_name: "min",
		instance_group: "",
		default_network: "",
		domain: "bosh",
		address: "db.example.com",
		properties: {},
		instances: [],
	},
};

function request(
	templates: Record<string, string>,
	given: { properties?: Record<string, unknown>; monit?: string; instance?: string; job?: Partial<ReleaseJob> } = {},
): RenderRequest {
	const made = releaseJob("app", {
		templates: Object.entries(templates).map(([source, content]) => ({
			source,
			destination: source.replace(/\.erb$/, ""),
			content,
		})),
		monit: given.monit ?? "",
		consumes: [{ name: "cache", type: "redis", optional: true }],
		properties: { "filters.list": undefined },
	});
	const spec: TemplateSpec = {
		deployment: "min",
		job: { name: "web" },
		index: 2,
		bootstrap: false,
		name: "web",
		id: "u-u-i-d",
		az: "z1",
		ip: "10.0.0.9",
		address: "10.0.0.9",
		dns_domain_name: "bosh",
		persistent_disk: 0,
		networks: { default: { ip: "10.0.0.9", netmask: "255.255.255.0" } },
		release: { name: "tiny", version: "1" },
		properties: given.properties ?? {},
		links,
	};
	return { group: "web", instance: given.instance ?? "web/0", job: { ...made, ...given.job }, spec };
}

async function renderOne(template: string, properties: Record<string, unknown> = {}): Promise<string> {
	const { jobs, problems } = await renderer.render([request({ "t.erb": template }, { properties })], options);
	expect(problems).toEqual([]);
	return jobs[0]?.files[0]?.content ?? "";
}

describe("a template", () => {
	const properties = { a: "10.0.0.1", off: false, nothing: null, list: [{ x: 1 }], tree: { leaf: "green" } };
	test.each([
		["a property", "<%= p('a') %>", "10.0.0.1"],
		["a part of a property", "<%= p('tree.leaf') %> <%= p('tree')['leaf'] %>", "green green"],
		["the first of several that is set", "<%= p(['none', 'nothing', 'off', 'a']) %>", "false"],
		["the first without looking further", "<%= p(['a', 'list.x']) %>", "10.0.0.1"],
		["a default", "<%= p('none', 7) %> <%= p('none', nil).inspect %>", "7 nil"],
		["a property that is null, as if it were not set", "<%= p('nothing', 'default') %>", "default"],
		["if_p", "<% if_p('a', 'tree.leaf') { |a, leaf| %><%= a + leaf %><% } %>", "10.0.0.1green"],
		["if_p of what is not set", "<% if_p('a', 'none') { |*| %>yes<% }.else do %>no<% end %>", "no"],
		["else_if_p", "<% if_p('none') {}.else_if_p('a') do |a| %><%= a %><% end.else do %>no<% end %>", "10.0.0.1"],
		["else_if_p after a hit", "<% if_p('a') { %>1<% }.else_if_p('a') { %>2<% }.else { %>3<% } %>", "1"],
		["else_if_link", "<% if_p('none') {}.else_if_link('db') do |l| %><%= l.p('port') %><% end %>", "5432"],
		[
			"properties and raw_properties",
			"<%= properties.list[0].x %> <%= raw_properties['tree'] %>",
			'1 {"leaf" => "green"}',
		],
		["name and index", "<%= name %>/<%= index %>", "web/2"],
		["spec", "<%= spec.job.name %> <%= spec.release.version %> <%= spec.networks.default.ip %>", "web 1 10.0.0.9"],
		[
			"what networks there are, both ways",
			"<%= spec.networks.methods(false).inspect %> <%= spec.networks.marshal_dump.keys.inspect %>",
			"[:default] [:default]",
		],
		[
			"lookup_property",
			"<%= lookup_property(@raw_properties, 'none').nil? %> <%= lookup_property(raw_properties, 'tree.leaf') %>",
			"true green",
		],
		["trim mode", "<% if true -%>\nx\n<%- end -%>\ny\n", "x\ny\n"],
		[
			"IPAddr and others without require",
			"<%= IPAddr.new(p('a')).ipv6? %> <%= Base64.strict_encode64('a') %>",
			"false YQ==",
		],
		["nothing for a property that is not set", "<% if_p('none') { |none| %><%= none %><% } %>", ""],
		["to_yaml and YAML", "<%= p('tree').to_yaml %><%= YAML.load('a: 1')['a'] %>", "---\nleaf: green\n1"],
		["a require of socket", "<% require 'socket'; require 'ipaddr' %>ok", "ok"],
		["blank?", "<%= [nil, '', ' ', {}, false].all?(&:blank?) && 0.present? %>", "true"],
		["the plan's time", "<%= Time.now.utc.iso8601 %>", "2026-01-02T03:04:05Z"],
		["text that is not ASCII", "한국어 <%= '값'.length %>", "한국어 1"],
		["methods of its own", "<% def double(x)\n x * 2\nend -%>\n<%= double(21) %>", "42"],
	])("finds %s", async (_, template, expected) => {
		expect(await renderOne(template, properties)).toBe(expected);
	});

	test.each([
		[
			"instances",
			"<%= link('db').instances.map { |i| [i.name, i.id, i.index, i.az, i.address, i.bootstrap].join(' ') }.join(',') %>",
			"database id-0 0 z1 10.0.0.1 true,database id-1 1 z2 10.0.0.2 false",
		],
		[
			"properties",
			"<%= link('db').properties['port'] %> <%= link('db').p('tls.on') %> <%= link('db').p('x', 1) %>",
			"5432 false 1",
		],
		["an instance's properties", "<%= link('db').instances[0].p('port') %>", "1"],
		["if_p", "<% link('db').if_p('port') { |port| %><%= port %><% }.else { %>no<% } %>", "5432"],
		["an address", "<%= link('db').address %>", "q-s0.database.default.min.bosh"],
		["an address in AZs", "<%= link('db').address(azs: ['z2', 'z1']) %>", "q-a4a9s0.database.default.min.bosh"],
		[
			"an address by health",
			"<%= link('db').address(status: 'healthy', initial_health_check: 'synchronous') %>",
			"q-s3y1.database.default.min.bosh",
		],
		["a manual link's address", "<%= link('outside').address(azs: ['z1']) %>", "db.example.com"],
		["if_link", "<% if_link('db') { |l| %><%= l.instances.size %><% }.else { %>no<% } %>", "2"],
		["if_link of what is absent", "<% if_link('cache') { |l| %>yes<% }.else { %>no<% } %>", "no"],
	])("finds a link's %s", async (_, template, expected) => {
		expect(await renderOne(template)).toBe(expected);
	});

	test("neither sees what another defines nor what it leaves on the disk", async () => {
		await renderOne("<% def leak = 1\nLEAK = 1\nFile.write('/tmp/leak', 'x') %>");
		expect(await renderOne("<%= respond_to?(:leak, true) %> <%= defined?(LEAK).inspect %> <%= Dir['/tmp/*'] %>")).toBe(
			"false nil []",
		);
	});

	test("is rendered at its destination, monit and extra monit files too", async () => {
		const own = "check file <%= index %>\n";
		const extraMonit = { "more.monit": own, "old.monit": "check file old\n" };
		const asked = request(
			{ "bin/ctl.erb": "#!/bin/sh\n", "more.monit": own },
			{ monit: "check process <%= name %>\n", job: { extraMonit } },
		);
		const { jobs } = await renderer.render([asked], options);
		expect(jobs).toEqual([
			{
				job: "app",
				release: "tiny",
				files: [
					{ path: "bin/ctl", content: "#!/bin/sh\n" },
					{ path: "more.monit", content: "check file 2\n" },
				],
				monit: "check process web\n",
				extraMonit: [
					{ file: "more.monit", content: "check file 2\n" },
					{ file: "old.monit", content: "check file old\n" },
				],
			},
		]);
	});
});

describe("what fails", () => {
	const shown = async (...requests: RenderRequest[]) =>
		(await renderer.render(requests, options)).problems.map(
			({ code, place, message, hint }) =>
				`${code}: ${[place?.file, place?.line].filter((part) => part !== undefined).join(":")}: ${message}\n  ${hint}`,
		);

	test("is all told at once, each with job, template, line, property and spec file", async () => {
		const asked = request(
			{ "a.yml.erb": "1\n2\n3\n<%= p('filters.list') %>", "b.erb": "<%= p('filters.lists') %>" },
			{ monit: "check process x\n<% if true %>" },
		);
		expect((await shown(asked)).join("\n")).toMatchInlineSnapshot(`
			"template-syntax: tiny/app/monit:2: web/0: not valid Ruby: expected an \`end\` to close the conditional clause
			  correct the template in its release
			property-missing: tiny/app/templates/a.yml.erb:4: web/0: property "filters.list" has no value: none is given, and jobs/app/spec has no default
			  give it in the manifest: instance group "web", job "app", properties: filters.list
			property-undeclared: tiny/app/templates/b.erb:1: web/0: property "filters.lists" is not declared in jobs/app/spec, so it never has a value
			  jobs/app/spec declares "filters.list": correct the template or the spec"
		`);
	});

	test("is told once for all instances of a group", async () => {
		const template = { "t.erb": "\n<%= raise 'pool must be at least 1' %>" };
		expect(await shown(request(template), request(template, { instance: "web/1" }))).toMatchInlineSnapshot(`
			[
			  "template-failed: tiny/app/templates/t.erb:2: web (2 instances): pool must be at least 1
			  the template refuses what it was given: correct the properties that it speaks of",
			]
		`);
	});

	test.each([
		["a link without provider", "<%= link('cache') %>"],
		["a property that a link does not give", "<%= link('db').p(['user', 'name']) %>"],
		["a property that a manual link does not give", "<%= link('outside').p('user') %>"],
		["a property that a link's instance does not give", "<%= link('db').instances[1].p('port') %>"],
		["an unknown link", "<%= link('cach') %>"],
		["an unknown AZ", "<%= link('db').address(azs: ['z7']) %>"],
		["nil", "\n<%= nil.size %>"],
		["bad Ruby", "a\n<%= 1 + + %>"],
		["exit", "<% exit %>"],
		["a library that there is not", "<% require 'net/http' %>"],
		["a program", "<%= `id` %>"],
		["text that is not UTF-8", '<%= "\\xff" %>'],
	])("says %s", async (_, template) => {
		expect((await shown(request({ "t.erb": template }))).join("\n")).toMatchSnapshot();
	});

	test("randomness is a warning at its line, and the template renders", async () => {
		const asked = request({
			"t.erb": "<%= rand(1) %>\n<%= SecureRandom.hex(0) %><%= Random.new.rand(1) %>\n<%= Random.new(7).rand(1) %>",
		});
		const { jobs, problems } = await renderer.render([asked], options);
		expect(jobs[0]?.files[0]?.content).toBe("0\n0\n0");
		expect(problems.map(({ severity, place }) => `${severity} ${place?.file}:${place?.line}`)).toEqual([
			"warning tiny/app/templates/t.erb:1",
			"warning tiny/app/templates/t.erb:2",
			"warning tiny/app/templates/t.erb:2",
		]);
	});

	test("a template past its deadline is ended; the rest renders", async () => {
		const asked = request({ "loop.erb": "<% loop {} %>", "ok.erb": "<%= name %>" });
		const { jobs, problems } = await renderer.render([asked], { ...options, templateDeadlineMs: 10_000 });
		expect(problems.map(({ code, place, message }) => `${code}: ${place?.file}: ${message}`)).toEqual([
			"template-too-slow: tiny/app/templates/loop.erb: web/0: it ran for more than 10 s, and was ended",
		]);
		expect(jobs[0]?.files.at(-1)).toEqual({ path: "ok", content: "web" });
	}, 60_000);

	test("a template that ends Ruby, or reaches out of it, is told; the rest renders", async () => {
		const asked = request({
			"exit.erb": "<% exit! %>",
			"js.erb": "<% require 'js'; JS.eval('process.exit(9)') %>",
			"ok.erb": "<%= name %>",
		});
		const { jobs, problems } = await renderer.render([asked], options);
		expect(problems.map(({ code, place, message }) => `${code}: ${place?.file}: ${message}`)).toEqual([
			"template-ended-ruby: tiny/app/templates/exit.erb: web/0: it ended the Ruby that ran it: exit with exit code 1",
			"template-ended-ruby: tiny/app/templates/js.erb: web/0: it ended the Ruby that ran it: it reached for JavaScript, which templates can't have",
		]);
		expect(jobs[0]?.files.at(-1)).toEqual({ path: "ok", content: "web" });
	}, 60_000);

	test("an abort rejects with its reason, and the next call renders", async () => {
		const abort = new AbortController();
		const result = renderer.render([request({ "t.erb": "<% loop {} %>" })], { ...options, signal: abort.signal });
		const check = expect(result).rejects.toThrow("interrupted");
		abort.abort(new Error("interrupted"));
		await check;
		expect(await renderOne("again")).toBe("again");
	});
});

test("a renderer that was warmed and not used keeps no process alive", async () => {
	const file = new URL("../../../../src/template/ruby/renderer.ts", import.meta.url);
	const script = `import { createRubyRenderer } from ${JSON.stringify(file.href)}; createRubyRenderer().warm();`;
	const child = spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: "inherit" });
	const [code] = await once(child, "exit");
	expect(code).toBe(0);
});
