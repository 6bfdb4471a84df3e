/** Which of our own versions may be held by somebody who came from another replica, and is not sure of everything yet. */
import { earlier, later } from "./versions.ts";

interface Arrival {
  /** The newest version when somebody came. */
  readonly from: bigint;
  /** The version up to which they are not sure. */
  until: bigint;
}

/** Who comes within so many milliseconds is counted as one. */
const TOGETHER_MS = 1_000;

export class Doubts {
  readonly #arrivals: Arrival[] = [];

  /** Somebody comes from another replica, and is not sure for `ms` milliseconds. `now`: the newest version. */
  arrived(now: bigint, ms: number): void {
    const arrivals = this.#arrivals;
    const last = arrivals.at(-1);
    let until = later(now, ms);
    if (last !== undefined) {
      // What was made for the ones before may be given to this one, too; and they may hold what comes from now on.
      if (until > last.until) last.until = until;
      until = last.until;
    }
    if (last === undefined || last.from <= earlier(now, TOGETHER_MS)) arrivals.push({ from: now, until });
    const first = arrivals.findIndex((one) => one.until > now);
    arrivals.splice(0, first);
  }

  /** Up to which version somebody who comes with `version`, one of ours, is not sure; undefined where they are. */
  until(version: bigint, now: bigint): bigint | undefined {
    const arrival = this.#arrivals.findLast(({ from }) => from <= version);
    return arrival === undefined || arrival.until <= now ? undefined : arrival.until;
  }
}
