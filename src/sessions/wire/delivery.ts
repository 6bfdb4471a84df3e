/** What the coordinator knows of the tasks of one registration: which to send, send again, cancel, acknowledge. Pure. */
import type { Task } from "../link.ts";
import type { Down } from "./messages.ts";

interface Entry {
  task: Task;
  /** On a stream, and nobody has said that it was not taken. */
  isSent: boolean;
  /** Nobody waits for it. */
  canceled: string | undefined;
}

/** Acknowledgements that wait for a stream to have room. */
const MAX_NOTICES = 10_000;

/**
 * Numbers tasks, and says what to send next. Each task is sent again on the next stream where the worker says that it has
 * not taken it; a task that nobody waits for is not. An entry is kept until its outcome arrives.
 */
export class Delivery {
  #lastNumber = 0;
  /** By number, ascending: insertion order is number order. */
  readonly #entries = new Map<number, Entry>();
  /** Numbers to send, ascending. */
  readonly #waiting = new Set<number>();
  #notices: Down[] = [];

  /** How many tasks have no outcome yet, those that nobody waits for included. */
  get size(): number {
    return this.#entries.size;
  }

  /** @returns the task's number */
  add(task: Task): number {
    const number = ++this.#lastNumber;
    this.#entries.set(number, { task, isSent: false, canceled: undefined });
    this.#waiting.add(number);
    return number;
  }

  /** A stream is open. @returns how many tasks are sent again */
  resumed(lastTaken: number): number {
    this.#notices = [];
    let again = 0;
    for (const [number, entry] of this.#entries) {
      if (number > lastTaken) {
        if (entry.canceled !== undefined) {
          this.#forget(number);
        } else if (entry.isSent) {
          entry.isSent = false;
          again++;
        }
      } else if (entry.canceled !== undefined) {
        this.#notices.push({ kind: "cancel", number, reason: entry.canceled });
      }
    }
    // Anew as a whole, so that what is sent again goes before what was not sent yet.
    this.#waiting.clear();
    for (const [number, entry] of this.#entries) if (!entry.isSent) this.#waiting.add(number);
    return again;
  }

  /** The next message, which counts as sent with this. Undefined: there is nothing to send. */
  next(): Down | undefined {
    const notice = this.#notices.shift();
    if (notice !== undefined) return notice;
    for (const number of this.#waiting) {
      this.#waiting.delete(number);
      const entry = this.#entries.get(number);
      if (entry === undefined) continue;
      entry.isSent = true;
      return { kind: "task", number, task: entry.task };
    }
    return undefined;
  }

  task(number: number): Task | undefined {
    return this.#entries.get(number)?.task;
  }

  /** Whether the worker may have begun it. */
  maybeTaken(number: number): boolean {
    return this.#entries.get(number)?.isSent ?? false;
  }

  /** Nobody waits for it any longer. */
  cancel(number: number, reason: string): void {
    const entry = this.#entries.get(number);
    if (entry === undefined || entry.canceled !== undefined) return;
    if (!entry.isSent) return this.#forget(number);
    entry.canceled = reason;
    // It is never sent again: a worker that does not answer must not fill memory with what it was given.
    entry.task = { ...entry.task, input: {}, body: undefined };
    this.#notices.push({ kind: "cancel", number, reason });
  }

  /** It could not be put on the stream. */
  refuse(number: number): void {
    this.#forget(number);
  }

  /** Its outcome has arrived, maybe again. @returns false where nobody waits for it */
  settled(number: number): boolean {
    const entry = this.#entries.get(number);
    this.#forget(number);
    // A worker that tells outcomes and reads nothing must not fill memory. What is not acknowledged is told again.
    if (this.#notices.length < MAX_NOTICES) this.#notices.push({ kind: "ack", number });
    return entry !== undefined && entry.canceled === undefined;
  }

  #forget(number: number): void {
    this.#entries.delete(number);
    this.#waiting.delete(number);
  }
}
