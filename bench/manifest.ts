/** A manifest with links, variables and addresses, as YAML text; its release is `tiny`, with the job `app`. */
export function bigManifest({ groups, instances }: { readonly groups: number; readonly instances: number }): string {
	const each = Array.from(
		{ length: groups },
		(_, index) => `- name: group-${index}
  azs: [z1, z2, z3]
  instances: ${instances}
  vm_type: small
  stemcell: default
  persistent_disk: 1024
  networks:
  - name: default
  jobs:
  - name: app
    release: tiny
    provides:
      app: {as: app-${index}}
    consumes:
      app: {from: app-${Math.max(index - 1, 0)}}
    properties:
      greeting: ((greeting))
      servers: [{name: one, port: 8080}, {name: two, port: 8081}]
      note: "the group of number ${index}"
`,
	);
	return `name: big
releases:
- name: tiny
  version: "1"
stemcells:
- alias: default
  os: local
  version: "1"
update:
  canaries: 1
  max_in_flight: 10
  canary_watch_time: 1000-60000
  update_watch_time: 1000-60000
instance_groups:
${each.join("")}`;
}

/** The cloud config of `bigManifest`. */
export const bigManifestsCloud = `cpis: [{name: local, type: local}]
azs: [{name: z1}, {name: z2}, {name: z3}]
vm_types: [{name: small}]
networks:
- name: default
  type: manual
  subnets:
  - {range: 10.64.0.0/16, gateway: 10.64.0.1, azs: [z1, z2, z3]}
compilation: {workers: 2, az: z1, network: default, vm_type: small}
`;
