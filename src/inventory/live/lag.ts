/** How far what is known lags behind what is so: the further, the more two replicas may differ. */
import { DEFAULT_OVERLAP_MS } from "./history.ts";

export interface LagOptions {
  /** Milliseconds since 1970. @default {Date.now} */
  readonly wallTime?: () => number;
  /** The least that replicas make up for, in milliseconds. @default {300_000} */
  readonly overlapMs?: number;
}

/** Something that is looked at again and again. */
export interface Looked {
  readonly id: string;
  /** When the last look began that was complete, in milliseconds since 1970. Absent: there was none. */
  readonly completeAt?: number | undefined;
}

/** Of each, the times between so many looks are remembered. */
const REMEMBERED = 4;
/** The part of the overlap up to which nobody else has to be warned; the rest is for clocks that differ. */
const SHARE = 0.8;

interface Past {
  completeAt: number;
  /** How old what was known had become before each of the last looks, in milliseconds. */
  gaps: number[];
}

export class Lag {
  readonly #wallTime: () => number;
  readonly #leastMs: number;
  readonly #past = new Map<string, Past>();

  constructor({ wallTime = Date.now, overlapMs = DEFAULT_OVERLAP_MS }: LagOptions = {}) {
    this.#wallTime = wallTime;
    this.#leastMs = overlapMs;
  }

  /** A look has ended that was complete. */
  looked({ id, completeAt }: Looked): void {
    if (completeAt === undefined) return;
    const past = this.#past.get(id);
    if (past === undefined) {
      this.#past.set(id, { completeAt, gaps: [] });
      return;
    }
    past.gaps.push(this.#wallTime() - past.completeAt);
    past.gaps.splice(0, past.gaps.length - REMEMBERED);
    past.completeAt = completeAt;
  }

  /** Nothing else is there any more. */
  keep(ids: ReadonlySet<string>): void {
    for (const id of this.#past.keys()) if (!ids.has(id)) this.#past.delete(id);
  }

  /** Whether what is known of any has become so old that replicas do not make up for it by themselves. */
  isLate(all: Iterable<Looked>): boolean {
    return this.#oldest(all) > SHARE * this.#leastMs;
  }

  /** Whether that was so at any of the last looks, or is so. */
  wasLate(all: Iterable<Looked>): boolean {
    return this.#longest(all) > SHARE * this.#leastMs;
  }

  /** How far back a replica that is about as slow as this one may know less than its versions say, in milliseconds. */
  overlapMs(all: Iterable<Looked>): number {
    return Math.max(this.#leastMs, 2 * this.#longest(all));
  }

  #oldest(all: Iterable<Looked>): number {
    const now = this.#wallTime();
    let oldest = 0;
    for (const { completeAt = now } of all) oldest = Math.max(oldest, now - completeAt);
    return oldest;
  }

  #longest(all: Iterable<Looked>): number {
    const gaps = [...this.#past.values()].flatMap((past) => past.gaps);
    return Math.max(this.#oldest(all), ...gaps);
  }
}
