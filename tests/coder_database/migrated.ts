/** Databases as coderd has migrated them, without a coderd: to break, and to give to users with few rights. */
import { type Postgres, startCoderd, startPostgres, uniqueName } from "../coder/mod.ts";

const TEMPLATE = "migrated";

let server: Promise<Postgres> | undefined;

/** A server of this process, with a migrated database. Do not stop it; databases on it are yours. */
export function migratedServer(): Promise<Postgres> {
  server ??= migrate(startPostgres());
  return server;
}

/** Has coderd migrate a database on a server, for `copyOf`. */
export async function migrate(starting: Promise<Postgres>): Promise<Postgres> {
  const postgres = await starting;
  await using coderd = await startCoderd({ postgres, database: TEMPLATE });
  await coderd.stop();
  return postgres;
}

/** A new copy of the migrated database; its name. */
export async function copyOf(postgres: Postgres): Promise<string> {
  const name = uniqueName("copy").replaceAll("-", "_");
  await postgres.sql(`create database ${name} template ${TEMPLATE}`, { database: "postgres" });
  return name;
}
