/** Coder's tables, as far as they concern the operator: nothing is written where they are not as known. */
import { failure } from "./errors.ts";
import type { Session } from "./session.ts";

/** The columns that are read or written, with their types. */
export const COLUMNS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  users: {
    id: "uuid",
    email: "text",
    username: "text",
    name: "text",
    hashed_password: "bytea",
    created_at: "timestamp with time zone",
    updated_at: "timestamp with time zone",
    status: "user_status",
    rbac_roles: "text[]",
    login_type: "login_type",
    deleted: "boolean",
    is_system: "boolean",
  },
  api_keys: {
    id: "text",
    hashed_secret: "bytea",
    user_id: "uuid",
    last_used: "timestamp with time zone",
    expires_at: "timestamp with time zone",
    created_at: "timestamp with time zone",
    updated_at: "timestamp with time zone",
    login_type: "login_type",
    lifetime_seconds: "bigint",
    ip_address: "inet",
    token_name: "text",
    scopes: "api_key_scope[]",
    allow_list: "text[]",
  },
};

/** Where Coder notes its migrations. */
const MIGRATIONS = "schema_migrations";

/** The number of the last migration, and whether it was broken off. */
export interface Migration {
  readonly version: number;
  readonly dirty: boolean;
}

/** A column as PostgreSQL describes it. */
interface Column {
  table: string;
  name: string;
  type: string;
  /** An insert that leaves it out fails. */
  required: boolean;
}

/**
 * The last migration.
 *
 * @throws {DatabaseError} `schema` where Coder has made no tables yet
 */
export async function readMigration(session: Session): Promise<Migration> {
  if (!(await exist(session, [MIGRATIONS]))) {
    throw failure(
      session.target,
      "schema",
      "Coder has not made its tables yet",
      "waiting for it to migrate the database; check that this is the database that Coder uses",
    );
  }
  const [row] = await session.query(`select version, dirty from ${MIGRATIONS} limit 1`);
  return { version: Number(row?.version ?? 0), dirty: row?.dirty === true };
}

/** Whether all of these tables are there, in the schemas where Coder's are looked for. */
export async function exist(session: Session, tables: readonly string[]): Promise<boolean> {
  const [row] = await session.query(
    "select bool_and(to_regclass(quote_ident(name)) is not null) as there from unnest($1::text[]) as name",
    [tables],
  );
  return row?.there === true;
}

/**
 * Makes sure that the tables are as they are known here.
 *
 * @throws {DatabaseError} `schema`, with the table, the column and the number of the migration
 */
export async function checkSchema(session: Session): Promise<Migration> {
  const migration = await readMigration(session);
  const unknown = (problem: string) =>
    failure(
      session.target,
      "schema",
      `${problem} (migration ${migration.version})`,
      "nothing was written; this version of Coder is not known to the operator, use one that is",
    );
  if (migration.dirty) {
    throw failure(
      session.target,
      "schema",
      `migration ${migration.version} was broken off`,
      "see Coder's log; nothing was written",
    );
  }
  const problem = mismatch(await readColumns(session));
  if (problem !== undefined) throw unknown(problem);
  return migration;
}

/** What is not as it is known; undefined where all is. */
export function mismatch(columns: readonly Column[]): string | undefined {
  for (const [table, known] of Object.entries(COLUMNS)) {
    const found = new Map(columns.filter((each) => each.table === table).map((each) => [each.name, each]));
    if (found.size === 0) return `there is no table ${table}`;
    for (const [name, type] of Object.entries(known)) {
      const column = found.get(name);
      if (column === undefined) return `table ${table} has no column ${name}`;
      if (column.type !== type) return `column ${name} of table ${table} is ${column.type}, not ${type}`;
    }
    for (const { name, required } of found.values()) {
      if (required && !Object.hasOwn(known, name)) return `table ${table} wants a value for column ${name}`;
    }
  }
  return undefined;
}

/** From the catalogue, which everybody may read, while `information_schema` hides what one has no rights to. */
async function readColumns(session: Session): Promise<Column[]> {
  const rows = await session.query(
    `select t.name as table, a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
       a.attnotnull and not a.atthasdef and a.attidentity = '' as required
     from unnest($1::text[]) as t(name)
     join pg_attribute a on a.attrelid = to_regclass(quote_ident(t.name))
     where a.attnum > 0 and not a.attisdropped`,
    [Object.keys(COLUMNS)],
  );
  return rows.map((row) => ({
    table: String(row.table),
    name: String(row.name),
    // Types of a schema that is not searched have its name before theirs.
    type: String(row.type).replace(/^.*\./, ""),
    required: row.required === true,
  }));
}
