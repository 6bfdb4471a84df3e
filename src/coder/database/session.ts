/** One transaction on a connection of its own, which is closed or destroyed at its end, whatever happens. */
import type { Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { startDeadline } from "../deadline.ts";
import { dial } from "./dial.ts";
import { createClient, type SqlClient } from "./driver.ts";
import { classify, failure, type Phase } from "./errors.ts";
import { type Lookup, resolve } from "./resolve.ts";
import type { Target } from "./target.ts";

/** Deadlines, in milliseconds. */
export interface Timing {
  /** Looking up, connecting, TLS and signing in. @default {5_000} */
  connectMs?: number;
  /** One statement. @default {5_000} */
  statementMs?: number;
  /** Waiting for a lock within a statement. @default {3_000} */
  lockMs?: number;
  /** All of it. @default {10_000} */
  callMs?: number;
}

/** Statements of a transaction. */
export interface Session {
  readonly target: Target;
  /** Runs one statement; its rows as the driver reads them. */
  query(text: string, values?: readonly unknown[]): Promise<readonly Readonly<Record<string, unknown>>[]>;
}

/** By this name PostgreSQL lists the operator's connections (`pg_stat_activity`). */
export const APPLICATION_NAME = "coder-k8s";
/** The server's own answer to a deadline, which says more, gets this long to arrive. */
const GRACE_MS = 500;
/** Saying goodbye. */
const GOODBYE_MS = 500;

export interface SessionOptions {
  signal: AbortSignal;
  timing?: Timing;
  lookup?: Lookup;
}

/**
 * Runs `run` in a transaction and commits it. Where it throws or anything breaks, nothing is committed; only where the
 * connection breaks during the commit itself, it may be without our knowing.
 *
 * @throws {DatabaseError} or the signal's reason
 */
export async function inTransaction<T>(
  target: Target,
  { signal, timing = {}, lookup }: SessionOptions,
  run: (session: Session) => Promise<T>,
): Promise<T> {
  const { connectMs = 5_000, statementMs = 5_000, lockMs = 3_000, callMs = 10_000 } = timing;
  signal.throwIfAborted();
  const call = startDeadline(callMs, signal);
  const limitMs = Math.min(connectMs, target.connectTimeoutMs ?? connectMs);
  let phase: Phase = "connecting";
  let destroy = () => {};
  let close = () => Promise.resolve();
  try {
    const opened = await within(limitMs, (over) => {
      const options = { signal: over, timeoutMs: limitMs, lookup };
      return open(target, options, (make) => destroy = make);
    });
    close = () => within(GOODBYE_MS, () => opened.end()).catch(() => {});
    phase = "working";
    const query = (text: string, values?: readonly unknown[]) =>
      within(statementMs + GRACE_MS, () => opened.query(text, values)).then(rowsOf);
    await query(
      `begin; set local statement_timeout = ${statementMs}; set local lock_timeout = ${lockMs}; ` +
        `set local idle_in_transaction_session_timeout = ${statementMs}`,
    );
    const result = await call.race(run({ target, query }));
    await query("commit");
    await close();
    return result;
  } catch (error) {
    if (call.over === "aborted") throw signal.reason;
    if (call.over === "timeout") throw tooLate(target, phase, callMs);
    const failed = classify(error, target, phase);
    // A server that works is told, so that it need not log a client that vanished.
    if (failed.kind !== "timeout" && failed.kind !== "unreachable") await close();
    throw failed;
  } finally {
    call.end();
    destroy();
  }

  /** A part of the call, with a deadline of its own. */
  async function within<R>(ms: number, work: (signal: AbortSignal) => Promise<R>): Promise<R> {
    const part = startDeadline(ms, call.signal);
    try {
      return await part.race(work(part.signal));
    } catch (error) {
      if (part.over === "timeout") throw tooLate(target, phase, ms);
      throw error;
    } finally {
      part.end();
    }
  }
}

interface OpenOptions {
  signal: AbortSignal;
  timeoutMs: number;
  lookup: Lookup | undefined;
}

/** Connects. `made` gets what destroys it, as soon as there is something to destroy. */
async function open(
  target: Target,
  { signal, timeoutMs, lookup }: OpenOptions,
  made: (destroy: () => void) => void,
): Promise<SqlClient> {
  const addresses = await resolve(target.host, target.searchDomains, lookup);
  signal.throwIfAborted();
  const socket = await dial(addresses, target.port, timeoutMs, signal);
  if (signal.aborted) socket.destroy();
  signal.throwIfAborted();
  const link: { client?: SqlClient } = {};
  made(() => {
    link.client?.connection.stream.destroy();
    socket.destroy();
  });
  const { host, port, user, password, database, options } = target;
  const client = link.client = await createClient({
    ...{ host, port, user, database, password: () => password },
    ssl: tlsOptions(target),
    application_name: APPLICATION_NAME,
    ...(options === "" ? {} : { options }),
    stream: () => connected(socket),
  });
  // Told by what is being waited for; without a listener it would end the process.
  client.on("error", () => {});
  signal.throwIfAborted();
  if (socket.destroyed) throw new Error("Connection terminated");
  await client.connect();
  return client;
}

/** A socket that is connected already, for a driver that wants to connect it. */
function connected(socket: Socket): Socket {
  socket.connect = () => {
    queueMicrotask(() => socket.emit("connect"));
    return socket;
  };
  return socket;
}

function tlsOptions({ tls }: Target): ConnectionOptions | false {
  if (tls === undefined) return false;
  const { verify, ca, cert, key } = tls;
  return {
    rejectUnauthorized: verify !== "nothing",
    ...(verify === "host" ? {} : { checkServerIdentity: () => undefined }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

function tooLate(target: Target, phase: Phase, ms: number): Error {
  const what = phase === "connecting" ? "it did not take a connection" : "it did not do its work";
  return failure(target, "timeout", `${what} within ${ms / 1000} s`);
}

/** Several statements have several results; nobody asks for those. */
function rowsOf(result: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (typeof result !== "object" || result === null || !("rows" in result)) return [];
  return Array.isArray(result.rows) ? result.rows : [];
}
