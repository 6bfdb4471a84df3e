/** A Unix socket of the worker at which sessions' connections come in: whose they are, how many, and how long. */
import type { Logger } from "../../telemetry/logger.ts";
import { ByteReader } from "./byte_reader.ts";

/** One connection of a session. */
export interface Visit {
  readonly session: string;
  readonly connection: Deno.Conn;
  readonly reader: ByteReader;
  /** There are as many of this session as may be: to be told so. */
  readonly isTooMany: boolean;
  /** Aborts when it took too long, or the door closes; the connection is closed by then. */
  readonly signal: AbortSignal;
  /** Something happened on it: its idle time begins anew. */
  touch(): void;
}

export interface DoorLimits {
  /** Connections of one session at once. */
  readonly perSession: number;
  /** Milliseconds without a byte. */
  readonly idleMs: number;
  /** Milliseconds that one may last. */
  readonly totalMs: number;
}

export interface Door {
  readonly socket: string;
  /** Ends all connections, and waits until they have ended. */
  close(): Promise<void>;
}

/** Milliseconds until a connection has said whose it is. */
const GREETING_MS = 10_000;
const SESSION = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** Of a caller who is being refused: what it was about to send is read, or it would not see the refusal. */
const FAREWELL_BYTES = 2 ** 20;
const FAREWELL_MS = 2_000;

/** Listens at `socket`, in place of what an earlier process has left there. Rejects where that cannot be. */
export async function openDoor(
  socket: string,
  serve: (visit: Visit) => Promise<void>,
  options: { readonly limits: DoorLimits; readonly log: Logger },
): Promise<Door> {
  await Deno.remove(socket).catch((error: unknown) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  const listener = Deno.listen({ transport: "unix", path: socket });
  // Nobody but the worker connects: what leads sessions here runs as the worker.
  await Deno.chmod(socket, 0o600);
  return new OpenDoor(socket, listener, serve, options.limits, options.log);
}

class OpenDoor implements Door {
  readonly #visits = new Map<string, number>();
  readonly #ended = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #accepting: Promise<void>;
  #closing: Promise<void> | undefined;

  constructor(
    readonly socket: string,
    readonly listener: Deno.Listener,
    readonly serve: (visit: Visit) => Promise<void>,
    readonly limits: DoorLimits,
    readonly log: Logger,
  ) {
    this.#accepting = this.#accept();
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#ended.abort(new Error("the worker stops"));
    this.listener.close();
    await this.#accepting;
    await Promise.all(this.#running);
    await Deno.remove(this.socket).catch(() => {});
  }

  async #accept(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      try {
        const visit = this.#receive(await this.listener.accept()).finally(() => this.#running.delete(visit));
        this.#running.add(visit);
      } catch (error) {
        if (this.#ended.signal.aborted) return;
        // Such as no descriptors left: others end, and it goes on.
        this.log.warn("a connection of a session could not be taken", { socket: this.socket, error });
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  async #receive(connection: Deno.Conn): Promise<void> {
    const patience = new Patience(connection, this.#ended.signal);
    let session: string | undefined;
    try {
      patience.allow(GREETING_MS, GREETING_MS);
      const reader = new ByteReader(connection);
      const named = await reader.until("\n", 64);
      if (named === undefined || !SESSION.test(named)) return;
      session = named;
      const count = (this.#visits.get(session) ?? 0) + 1;
      this.#visits.set(session, count);
      patience.allow(this.limits.idleMs, this.limits.totalMs);
      const isTooMany = count > this.limits.perSession;
      const touch = () => patience.touch();
      await this.serve({ session, connection, reader, isTooMany, signal: patience.signal, touch });
    } catch (error) {
      // A connection that breaks is the session's own affair.
      this.log.debug("a connection of a session broke", { session_id: session, error: String(error) });
    } finally {
      patience.end();
      const left = session === undefined ? undefined : this.#visits.get(session)! - 1;
      if (left === 0) this.#visits.delete(session!);
      else if (left !== undefined) this.#visits.set(session!, left);
    }
  }
}

/** Closes a connection that nothing happens on, or that lasts too long. */
class Patience {
  readonly #controller = new AbortController();
  readonly #close: () => void;
  #last = performance.now();
  #began = this.#last;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(readonly connection: Deno.Conn, readonly outer: AbortSignal) {
    this.#close = () => this.#abort(outer.reason);
    if (outer.aborted) this.#close();
    outer.addEventListener("abort", this.#close, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  touch(): void {
    this.#last = performance.now();
  }

  allow(idleMs: number, totalMs: number): void {
    this.#began = this.#last = performance.now();
    this.#watch(idleMs, totalMs);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.outer.removeEventListener("abort", this.#close);
    this.#abort(new Error("the connection is over"));
  }

  #watch(idleMs: number, totalMs: number): void {
    clearTimeout(this.#timer);
    const now = performance.now();
    const left = Math.min(this.#last + idleMs, this.#began + totalMs) - now;
    if (left <= 0) return this.#abort(new Error("it took too long"));
    this.#timer = setTimeout(() => this.#watch(idleMs, totalMs), Math.ceil(left));
  }

  #abort(reason: unknown): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#controller.abort(reason);
    closeQuietly(this.connection);
  }
}

export function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It was closed already.
  }
}

/** After a last answer: lets the caller read it, whatever it still sends. */
export async function farewell(visit: Pick<Visit, "connection" | "reader">): Promise<void> {
  const timer = setTimeout(() => closeQuietly(visit.connection), FAREWELL_MS);
  try {
    await visit.connection.closeWrite();
    for (let left = FAREWELL_BYTES; left > 0;) {
      const piece = await visit.reader.some();
      if (piece === undefined) return;
      left -= piece.length;
    }
  } catch {
    // It went away.
  } finally {
    clearTimeout(timer);
  }
}
