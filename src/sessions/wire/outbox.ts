/** What a worker has to tell and cannot send yet. Bounded: what is only to be seen gives way, outcomes never do. Pure. */
import type { TaskEvent } from "../link.ts";

/** An event, or the place of an outcome, which the ledger has. */
export type Outgoing =
  | { readonly kind: "event"; readonly number: number; readonly event: TaskEvent }
  | { readonly kind: "outcome"; readonly number: number };

/** What an event without text costs. */
const EVENT_BYTES = 128;

/** First in, first out. Beyond its limit it drops progress first, oldest first, then output, and says in its place how much. */
export class Outbox {
  #queue: Outgoing[] = [];
  #bytes = 0;
  /** Bytes of output that were dropped, and not told yet. */
  readonly #lost = new Map<number, number>();
  #dropped = { progress: 0, output: 0 };

  constructor(readonly maxBytes: number) {}

  get size(): number {
    return this.#queue.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Events that were dropped so far. */
  get dropped(): { readonly progress: number; readonly output: number } {
    return this.#dropped;
  }

  event(number: number, event: TaskEvent): void {
    this.#queue.push({ kind: "event", number, event });
    this.#bytes += sizeOf(event);
    if (this.#bytes > this.maxBytes) this.#shrink();
  }

  outcome(number: number): void {
    this.#queue.push({ kind: "outcome", number });
  }

  /** A stream broke, or another is open: outcomes that are waiting are those, in their order, after all events. */
  requeue(outcomes: readonly number[]): void {
    this.#queue = this.#queue.filter((one) => one.kind === "event");
    for (const number of outcomes) this.outcome(number);
  }

  /** The next to send. */
  shift(): Outgoing | undefined {
    const first = this.#queue[0];
    if (first === undefined) return undefined;
    const lost = this.#lost.get(first.number);
    if (lost !== undefined) {
      this.#lost.delete(first.number);
      return { kind: "event", number: first.number, event: lostOutput(lost) };
    }
    this.#queue.shift();
    if (first.kind === "event") this.#bytes -= sizeOf(first.event);
    return first;
  }

  clear(): void {
    this.#queue = [];
    this.#bytes = 0;
    this.#lost.clear();
  }

  /** To three quarters, so that not every event beyond the limit looks through all of them. */
  #shrink(): void {
    const goal = this.maxBytes * 0.75;
    for (const kind of ["progress", "output"] as const) {
      if (this.#bytes <= goal) return;
      this.#queue = this.#queue.filter((one) => {
        if (this.#bytes <= goal || one.kind !== "event" || one.event.kind !== kind) return true;
        this.#bytes -= sizeOf(one.event);
        this.#dropped = { ...this.#dropped, [kind]: this.#dropped[kind] + 1 };
        if (one.event.kind === "output") {
          this.#lost.set(one.number, (this.#lost.get(one.number) ?? 0) + one.event.text.length);
        }
        return false;
      });
    }
  }
}

function lostOutput(characters: number): TaskEvent {
  return {
    kind: "progress",
    done: 0,
    message:
      `${characters} characters of output are not shown here: they came faster than they could be sent. ` +
      "The process' output has them.",
  };
}

function sizeOf(event: TaskEvent): number {
  // Two bytes a character: what a string takes in memory at most.
  return EVENT_BYTES + 2 * (event.kind === "output" ? event.text.length : event.message.length);
}
