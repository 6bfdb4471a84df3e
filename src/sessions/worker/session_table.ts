/** The sessions that a worker has: opened and closed one after the other for each id, and independently of other ids. */
import type { OpenOptions, SandboxHost } from "../sandbox/types.ts";
import { type Limits, SessionError } from "../types.ts";
import { WorkerSession, type WorkerSessionOptions } from "./worker_session.ts";

export interface SessionTableOptions extends Pick<WorkerSessionOptions, "onOutput" | "onEnd"> {
  readonly host: SandboxHost;
  /** Sessions at once. */
  readonly capacity: number;
  /** The most that one may have here, whatever it was made with. */
  readonly limits?: Limits | undefined;
  /** Throws where no new session is taken now. */
  readonly admit?: (() => void) | undefined;
}

/** Milliseconds that opening or closing one may take. */
const OPEN_MS = 60_000;
const CLOSE_MS = 120_000;

export class SessionTable {
  readonly #options: SessionTableOptions;
  readonly #open = new Map<string, WorkerSession>();
  /** What goes on with an id, and how many sessions are being opened. */
  readonly #turns = new Map<string, Promise<unknown>>();
  #opening = 0;

  constructor(options: SessionTableOptions) {
    this.#options = options;
  }

  /** @throws {SessionError} `session_ended` where there is none */
  get(id: string): WorkerSession {
    const session = this.#open.get(id);
    if (session !== undefined) return session;
    throw new SessionError(
      "session_ended",
      `this worker has no session ${id}: it was closed, or it expired, or the worker was restarted`,
    );
  }

  list(): readonly WorkerSession[] {
    return [...this.#open.values()];
  }

  /**
   * Makes it, or finds it as it was made. What was begun is ended, whether or not somebody waits for it. Rejects with
   * `SessionError`.
   */
  async open(id: string, options: OpenOptions): Promise<WorkerSession> {
    return await this.#inTurn(id, async () => {
      const known = this.#open.get(id);
      if (known !== undefined) return known;
      const { host, capacity, limits: most, admit } = this.#options;
      admit?.();
      if (this.#open.size + this.#opening >= capacity) {
        throw new SessionError(
          "no_capacity",
          `this worker has its ${capacity} sessions: close one, or ask another`,
        );
      }
      this.#opening++;
      try {
        const { limits, existing } = options;
        const allowed = most === undefined ? limits : lower(limits, most);
        const sandbox = await host.open(id, { ...options, limits: allowed }, AbortSignal.timeout(OPEN_MS));
        // Wherever it was before, its processes had small numbers, or others of these.
        const after = existing ? 1_000 * (1 + crypto.getRandomValues(new Uint16Array(1))[0]!) : 0;
        const session = new WorkerSession({ ...this.#options, sandbox, limits: allowed, after });
        this.#open.set(id, session);
        return session;
      } finally {
        this.#opening--;
      }
    });
  }

  /** Ends it and removes its files, also where there is nothing but files of it. */
  async close(id: string, keepFiles: boolean): Promise<void> {
    await this.#inTurn(id, async () => {
      const session = this.#open.get(id);
      // Whatever comes of the rest: nothing more is done in it.
      this.#open.delete(id);
      await session?.close();
      if (!keepFiles) await this.#options.host.remove(id, AbortSignal.timeout(CLOSE_MS));
    });
  }

  /** Removes files that an earlier process has left, unless the session is open here by now. @returns whether it did */
  async removeLeftover(id: string, signal: AbortSignal): Promise<boolean> {
    return await this.#inTurn(id, async () => {
      if (this.#open.has(id)) return false;
      await this.#options.host.remove(id, signal);
      return true;
    });
  }

  /** What was asked before for this id is over first. */
  async #inTurn<T>(id: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(id);
    const turn = (async () => {
      await before?.catch(() => {});
      return await work();
    })();
    this.#turns.set(id, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(id) === turn) this.#turns.delete(id);
    }
  }
}

function lower(limits: Limits, most: Limits): Limits {
  const entries = Object.entries(limits) as [keyof Limits, number][];
  return Object.fromEntries(entries.map(([name, value]) => [name, Math.min(value, most[name])])) as Limits;
}
