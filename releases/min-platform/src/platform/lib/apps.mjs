import postgres from "postgres";

/** Connects and makes the tables that are missing. */
export async function openApps(database) {
	const sql = postgres({
		...database,
		max: 5,
		backoff: 1,
		onnotice: () => {},
		connection: { application_name: "control" },
	});
	await sql`create table if not exists apps (
		name text primary key, blob text not null, command text not null, instances integer not null, updated timestamptz not null default now()
	)`;
	await sql`create table if not exists cells (
		id text primary key, address text not null, running jsonb not null default '[]', seen timestamptz not null default now()
	)`;
	await sql`alter table cells add column if not exists evacuating boolean not null default false`;
	await sql`create table if not exists listening (
		only_row boolean primary key default true, since timestamptz not null default now(), until timestamptz not null default now()
	)`;
	return {
		list: () => sql`select name, blob, command, instances from apps order by name`,
		find: async (name) => (await sql`select name, blob, command, instances from apps where name = ${name}`)[0],
		put: ({ name, blob, command, instances }) => sql`
			insert into apps (name, blob, command, instances) values (${name}, ${blob}, ${command}, ${instances})
			on conflict (name) do update set blob = ${blob}, command = ${command}, instances = ${instances}, updated = now()`,
		remove: (name) => sql`delete from apps where name = ${name}`,
		cells: () => sql`select id, address, running, evacuating from cells order by id`,
		heartbeat: ({ id, address, running, evacuating }) => sql`
			insert into cells (id, address, running, evacuating, seen) values (${id}, ${address}, ${sql.json(running)}, ${evacuating}, now())
			on conflict (id) do update set address = ${address}, running = ${sql.json(running)}, evacuating = ${evacuating}, seen = now()`,
		/**
		 * Called every second: forgets cells that were silent for ten seconds, all of which somebody listened. While the control or the database is
		 * away nobody hears of any cell, and none is to lose its routes for that.
		 */
		listen: async () => {
			await sql`insert into listening default values on conflict (only_row) do update set until = now(),
				since = case when listening.until < now() - interval '3 seconds' then now() else listening.since end`;
			await sql`delete from cells using listening
				where cells.seen < now() - interval '10 seconds' and listening.since < now() - interval '10 seconds'`;
		},
		leave: (id) => sql`delete from cells where id = ${id}`,
		ping: () => sql`select 1`,
		close: () => sql.end({ timeout: 5 }),
	};
}
