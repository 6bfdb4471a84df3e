/** What tests of the database access share. */
import { createServer, type Server, Socket } from "node:net";
import { createOperatorDatabase } from "../../src/coder/database/database.ts";
import { DatabaseError, type DatabaseErrorKind, type TokenRequest } from "../../src/coder/database/mod.ts";
import { waitFor } from "../cluster/mod.ts";
import { type Postgres, uniqueName } from "../coder/mod.ts";
import type { Row } from "../coder/psql.ts";

export const DAY_MS = 24 * 3600 * 1000;

/** A request of an operator that no other test has. */
export function newRequest(overrides: Partial<TokenRequest> = {}): TokenRequest {
  const username = uniqueName("operator");
  return {
    user: { username, email: `${username}@coder-k8s.invalid` },
    names: ["token-a", "token-b"],
    lifetimeMs: 30 * DAY_MS,
    ...overrides,
  };
}

/** Runs one statement, as `Coderd.sql` and `Postgres.sql` do. */
export type RunSql = (query: string, options?: { params?: Record<string, string> }) => Promise<Row[]>;

/** The `sql` of a coderd, or of a server, as a function. */
export function sqlOf(server: { sql: RunSql }): RunSql {
  return (query, options = {}) => server.sql(query, options);
}

/** Everything stored of an operator: its user, and its tokens by name. */
export async function stored(sql: RunSql, { user }: TokenRequest): Promise<{ users: Row[]; tokens: Row[] }> {
  const params = { name: user.username };
  return {
    users: await sql("select * from users where lower(username) = lower(:'name') order by id", { params }),
    tokens: await sql(
      `select k.* from api_keys k join users u on u.id = k.user_id where lower(u.username) = lower(:'name')
       order by token_name`,
      { params },
    ),
  };
}

/** A table that another session holds; let go with `await using`, or before. */
export interface Held extends AsyncDisposable {
  release(): Promise<void>;
}

/** Has another session lock a table, and waits until it does. It is held until it is let go. */
export async function hold(postgres: Postgres, table: string, database = "coder"): Promise<Held> {
  const marker = uniqueName("held");
  const session = postgres.sql(
    `begin; lock table ${table} in access exclusive mode; select pg_sleep(3600), '${marker}'; commit`,
    { database, timeoutMs: 3_600_000 },
  ).catch(() => {});
  await waitFor(async () => {
    const rows = await postgres.sql(
      `select 1 from pg_locks where mode = 'AccessExclusiveLock' and granted and relation = '${table}'::regclass`,
      { database },
    );
    return rows.length > 0;
  }, { what: `${table} to be locked` });
  const release = async () => {
    await postgres.sql(
      "select pg_terminate_backend(pid) from pg_stat_activity where query like :'what' and pid <> pg_backend_pid()",
      { params: { what: `%${marker}%` } },
    );
    await session;
  };
  return { release, [Symbol.asyncDispose]: release };
}

/** One call that is to fail; its failure. */
export async function failureOf(call: Promise<unknown>): Promise<DatabaseError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof DatabaseError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

/** As `failureOf`, in short. */
export async function kindOf(call: Promise<unknown>): Promise<DatabaseErrorKind> {
  return (await failureOf(call)).kind;
}

/** Patient, so that a busy machine is not taken for a database that hangs. */
export const database = createOperatorDatabase({
  timing: { connectMs: 60_000, statementMs: 60_000, lockMs: 60_000, callMs: 120_000 },
});

/** A signal that nobody aborts. */
export const calm = new AbortController().signal;

/** What to do with what the client sends, before it goes on: the number counts the client's pieces from 1. */
export type Tamper = (piece: number, cut: () => void, text: string) => "pass" | "drop";

/** A server on loopback in front of a database. `url` is the database's, with this server in its place. */
export class Proxy implements AsyncDisposable {
  private constructor(readonly server: Server, readonly url: string, readonly open: Set<Socket>) {}

  static async start(target: string, tamper: Tamper): Promise<Proxy> {
    const url = new URL(target);
    const [port, host] = [Number(url.port), url.hostname];
    const open = new Set<Socket>();
    const server = createServer((front) => {
      const back = new Socket().connect(port, host);
      const cut = () => {
        front.destroy();
        back.destroy();
      };
      let pieces = 0;
      for (const [from, to] of [[front, back], [back, front]] as const) {
        open.add(from);
        from.on("error", cut);
        from.on("close", () => {
          open.delete(from);
          to.destroy();
        });
        from.on("data", (data) => {
          if (from === back || tamper(++pieces, cut, data.toString("latin1")) === "pass") to.write(data);
        });
      }
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(0, "127.0.0.1", resolve);
    await promise;
    const address = server.address();
    url.port = String(typeof address === "object" ? address?.port : 0);
    return new Proxy(server, url.href, open);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.open) socket.destroy();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.server.close(() => resolve());
    await promise;
  }
}
