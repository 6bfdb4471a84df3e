/** What a worker knows of the tasks of one registration: which it has taken, and which outcomes may be lost yet. Pure. */
import type { TaskOutcome } from "../link.ts";

/** A number that was taken is never taken again; an outcome is kept until the coordinator has it. */
export class Ledger {
  #last = 0;
  readonly #running = new Set<number>();
  readonly #outcomes = new Map<number, TaskOutcome>();

  /** The highest number that was taken. */
  get last(): number {
    return this.#last;
  }

  get running(): number {
    return this.#running.size;
  }

  /** Nothing runs, and the coordinator has all outcomes. */
  get isSettled(): boolean {
    return this.#running.size === 0 && this.#outcomes.size === 0;
  }

  /** @returns false where it was taken before: it must not be run */
  take(number: number): boolean {
    if (number <= this.#last) return false;
    this.#last = number;
    this.#running.add(number);
    return true;
  }

  /** @returns false where it does not run: the outcome counts for nothing */
  finish(number: number, outcome: TaskOutcome): boolean {
    if (!this.#running.delete(number)) return false;
    this.#outcomes.set(number, outcome);
    return true;
  }

  /** Puts another outcome in place of one that cannot be sent. */
  replace(number: number, outcome: TaskOutcome): void {
    if (this.#outcomes.has(number)) this.#outcomes.set(number, outcome);
  }

  /** Undefined: acknowledged, or not finished. */
  outcome(number: number): TaskOutcome | undefined {
    return this.#outcomes.get(number);
  }

  acknowledged(number: number): void {
    this.#outcomes.delete(number);
  }

  /** Numbers of outcomes that the coordinator has not acknowledged, as they finished. */
  unacknowledged(): readonly number[] {
    return [...this.#outcomes.keys()];
  }
}
