import postgres from "postgres";

/** Connects and makes the tables that are missing. */
export async function openApps(database) {
	const sql = postgres({ ...database, max: 5, onnotice: () => {}, connection: { application_name: "control" } });
	await sql`create table if not exists apps (
		name text primary key, blob text not null, command text not null, instances integer not null, updated timestamptz not null default now()
	)`;
	await sql`create table if not exists cells (
		id text primary key, address text not null, running jsonb not null default '[]', seen timestamptz not null default now()
	)`;
	return {
		list: () => sql`select name, blob, command, instances from apps order by name`,
		find: async (name) => (await sql`select name, blob, command, instances from apps where name = ${name}`)[0],
		put: ({ name, blob, command, instances }) => sql`
			insert into apps (name, blob, command, instances) values (${name}, ${blob}, ${command}, ${instances})
			on conflict (name) do update set blob = ${blob}, command = ${command}, instances = ${instances}, updated = now()`,
		remove: (name) => sql`delete from apps where name = ${name}`,
		/** Cells that were heard of in the last ten seconds. */
		liveCells: () => sql`select id, address, running from cells where seen > now() - interval '10 seconds' order by id`,
		heartbeat: (id, address, running) => sql`
			insert into cells (id, address, running, seen) values (${id}, ${address}, ${sql.json(running)}, now())
			on conflict (id) do update set address = ${address}, running = ${sql.json(running)}, seen = now()`,
		leave: (id) => sql`delete from cells where id = ${id}`,
		ping: () => sql`select 1`,
		close: () => sql.end({ timeout: 5 }),
	};
}
