/**
 * What lies between a process and the servers it calls: every request waits here until it is delivered, may arrive after
 * its sender has given up or died, may be answered with trouble, and its answer may get lost.
 */
import type { ProcessClock, VirtualClock } from "./virtual_clock.ts";

/** Who sends. */
export interface Sender {
  /** For people. */
  readonly name: string;
  readonly clock: ProcessClock;
  readonly isDead: boolean;
}

/** What is sent, and how its sender is told of its end. */
export interface Exchange<T> {
  readonly from: Sender;
  /** Which server. */
  readonly to: string;
  /** For people: method and object. */
  readonly what: string;
  /** It changes something at the server. */
  readonly writes: boolean;
  /** At the server: carried out at once. What it throws is the answer, too. `late`: nobody waits for it any more. */
  readonly serve: (late: boolean) => T;
  /** What the sender is told where the exchange breaks. */
  readonly broken: (why: Broken) => Error;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Why there is no answer. */
export type Broken = "refused" | "answer lost" | "timeout" | "aborted";

/** What becomes of a request. */
export type Delivery =
  | "answered"
  /** The connection breaks on one side of the server or the other. */
  | "refused"
  | "answer lost"
  /** This is answered; `done`: after it was carried out. */
  | { readonly error: Error; readonly done: boolean };

/** A request that has not been answered. */
export interface Request {
  readonly id: number;
  readonly from: Sender;
  readonly to: string;
  readonly what: string;
  readonly writes: boolean;
  readonly sentAt: number;
  /** Somebody waits for the answer. */
  readonly isAwaited: boolean;
}

interface Waiting extends Request {
  isAwaited: boolean;
  arrive(how: Delivery): void;
  giveUp(why: Broken): void;
}

/** A request that its sender gave up still arrives within this time after it was sent, in milliseconds, or never. */
const LATE_MS = 20_000;

/** See the file's head. */
export class Wire {
  readonly #waiting = new Map<number, Waiting>();
  #ids = 0;

  constructor(
    readonly clock: VirtualClock,
    /** Says whether a request that nobody awaits any more is still on its way. */
    readonly lingers: (request: Request) => boolean,
  ) {}

  /** All that have not arrived, in the order in which they were sent. */
  get pending(): readonly Request[] {
    return [...this.#waiting.values()];
  }

  send<T>(exchange: Exchange<T>): Promise<T> {
    const { from, signal, broken } = exchange;
    if (from.isDead) return Promise.reject(broken("refused"));
    if (signal?.aborted) return Promise.reject(broken("aborted"));
    return new Promise<T>((resolve, reject) => {
      const id = this.#ids++;
      const onAbort = () => request.giveUp("aborted");
      const cancel = from.clock.setTimer(() => request.giveUp("timeout"), exchange.timeoutMs);
      const end = () => {
        cancel();
        signal?.removeEventListener("abort", onAbort);
        request.isAwaited = false;
      };
      const request: Waiting = {
        id,
        from,
        to: exchange.to,
        what: exchange.what,
        writes: exchange.writes,
        sentAt: this.clock.now(),
        isAwaited: true,
        arrive: (how) => {
          this.#waiting.delete(id);
          const awaited = request.isAwaited;
          end();
          try {
            if (how === "refused") throw broken(how);
            if (typeof how === "object" && !how.done) throw how.error;
            const result = exchange.serve(!awaited);
            if (how === "answer lost") throw broken(how);
            if (typeof how === "object") throw how.error;
            if (awaited) resolve(result);
          } catch (error) {
            if (awaited) reject(error);
          }
        },
        giveUp: (why) => {
          if (!request.isAwaited) return;
          end();
          if (!request.writes || !this.lingers(request)) this.#waiting.delete(id);
          reject(broken(why));
        },
      };
      this.#waiting.set(id, request);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  deliver({ id }: Request, how: Delivery = "answered"): void {
    this.#waiting.get(id)?.arrive(how);
  }

  /** A process has died: what it sent may be on its way yet. */
  died(sender: Sender): void {
    for (const request of this.#waiting.values()) if (request.from === sender) request.giveUp("aborted");
  }

  /** What has been on its way for too long never arrives. */
  dropLate(): void {
    for (const [id, { isAwaited, sentAt }] of this.#waiting) {
      if (!isAwaited && this.clock.now() - sentAt > LATE_MS) this.#waiting.delete(id);
    }
  }
}
