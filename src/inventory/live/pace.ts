/** How often Coder is asked. */

export interface PaceOptions {
  /** Time between two lists of workspaces while nothing is built, in milliseconds. @default {30_000} */
  readonly pollMs?: number;
  /** Intervals are longer by up to this share, never shorter. @default {0.1} */
  readonly jitter?: number;
  /** @default {Math.random} */
  readonly random?: () => number;
}

/** The part of its time that a Coder may be busy with one kind of our lists. Together they are 5 %. */
export const SHARES = { workspaces: 0.03, templates: 0.008, deprecated: 0.007, jobs: 0.005 } as const;
export type Listed = keyof typeof SHARES;

/** While something is built, workspaces are listed so much more often. */
const HASTE = 3;
/** Jobs always are: a build that began and ended between two looks is in neither of them. */
const HASTE_OF_JOBS = 6;
/** How long a Coder that does not answer is left alone at first, in milliseconds, or less where lists come more often. */
const FIRST_RETRY_MS = 5_000;

/** Intervals, in milliseconds. */
export class Pace {
  readonly #pollMs: number;
  readonly #jitter: number;
  readonly #random: () => number;

  constructor({ pollMs = 30_000, jitter = 0.1, random = Math.random }: PaceOptions = {}) {
    this.#pollMs = pollMs;
    this.#jitter = jitter;
    this.#random = random;
  }

  /** The usual time between two lists of workspaces while something is built. */
  whileBuilding(): number {
    return this.#pollMs / HASTE;
  }

  /** Between the end of a list, which took `tookMs`, and the next one. */
  afterList(listed: Listed, tookMs: number, isBuilding: boolean): number {
    return this.#spread(Math.max(this.#usual(listed, isBuilding), leastMs(listed, tookMs)));
  }

  #usual(listed: Listed, isBuilding: boolean): number {
    if (listed === "jobs") return this.#pollMs / HASTE_OF_JOBS;
    if (listed === "workspaces") return isBuilding ? this.whileBuilding() : this.#pollMs;
    return this.#pollMs * 2;
  }

  /** After so many failures in a row. `askedMs` is what Coder itself asked for. */
  afterFailure(failures: number, askedMs = 0): number {
    const most = Math.max(this.#pollMs, FIRST_RETRY_MS) * 2;
    const first = Math.min(FIRST_RETRY_MS, this.#pollMs);
    const wait = Math.min(most, first * 2 ** Math.min(failures - 1, 10));
    return this.#spread(Math.max(wait, askedMs));
  }

  #spread(ms: number): number {
    return Math.ceil(ms * (1 + this.#jitter * this.#random()));
  }
}

/** The shortest time after a list that keeps Coder's share. */
export function leastMs(listed: Listed, tookMs: number): number {
  return tookMs / SHARES[listed] - tookMs;
}
