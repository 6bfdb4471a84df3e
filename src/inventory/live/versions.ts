/**
 * Resource versions: wall-clock nanoseconds at which a change was seen, never twice the same and never going back. Their
 * last 18 bits, a quarter of a millisecond, say two things more: a mark of the content, so that a replica can tell that
 * an object is the same under the version that another replica gave it, and whether the replica was cut off from a Coder.
 */

const LOW_BITS = 18n;
const MARK_BITS = 17;
/** Marks are below it. */
export const MARK_LIMIT = 2 ** MARK_BITS;
const STALE_BIT = 1n;
/** Versions of other replicas move ours along; beyond this, in nanoseconds, a clock is wrong or a number made up. */
const LONGEST_LEAP = 600_000_000_000n;

/** Steps, of a quarter of a millisecond, by which replicas are kept apart. */
const APART = 32;

/** What a version says beside its time. */
export interface VersionFacts {
  /** Of the content that got this version; any number for versions of no object. */
  readonly mark: number;
  /** The replica had not been told of everything for a while. */
  readonly isStale: boolean;
}

/** Gives versions. */
export class VersionClock {
  readonly #wallNanos: () => bigint;
  #ticks = 0n;
  #last = 0n;

  /** @param wallTime milliseconds since 1970 */
  constructor(wallTime: () => number = Date.now) {
    this.#wallNanos = () => BigInt(Math.floor(wallTime() * 1_000)) * 1_000n;
    this.#ticks = this.#wallNanos() >> LOW_BITS;
    this.#last = this.#ticks << LOW_BITS;
  }

  /** The newest one that was given, or the time at which this clock began. */
  get last(): bigint {
    return this.#last;
  }

  /** A version above all others. */
  next({ mark, isStale }: VersionFacts): bigint {
    const now = this.#wallNanos() >> LOW_BITS;
    this.#ticks = now > this.#ticks ? now : this.#ticks + 1n;
    this.#last = (this.#ticks << LOW_BITS) | (BigInt(mark % MARK_LIMIT) << 1n) | (isStale ? STALE_BIT : 0n);
    return this.#last;
  }

  /** A version that another replica has given: ours are above it from now on. */
  heard(version: bigint): void {
    if (version <= this.#last || version > this.#wallNanos() + LONGEST_LEAP) return;
    // Not by the same steps as that replica goes on from there: the same changes would get the same versions.
    this.#ticks = (version >> LOW_BITS) + BigInt(Math.floor(Math.random() * APART));
  }
}

/** Reads a version; undefined where the text is none. */
export function parseVersion(text: string): bigint | undefined {
  return /^[1-9]\d{0,30}$/.test(text) ? BigInt(text) : undefined;
}

/** What is in a version's last bits. */
export function versionFacts(version: bigint): VersionFacts {
  return { mark: Number((version >> 1n) % BigInt(MARK_LIMIT)), isStale: (version & STALE_BIT) === STALE_BIT };
}

/**
 * Whether two versions of one object, of whatever replicas, stand for the same content. Wrong once in 130,000 times where
 * they do not.
 */
export function isSameContent(left: string, right: string): boolean {
  if (left === right) return true;
  const [a, b] = [parseVersion(left), parseVersion(right)];
  return a !== undefined && b !== undefined && versionFacts(a).mark === versionFacts(b).mark;
}

/** A version so many milliseconds earlier. */
export function earlier(version: bigint, ms: number): bigint {
  return version - BigInt(Math.floor(ms)) * 1_000_000n;
}

/** A version so many milliseconds later. */
export function later(version: bigint, ms: number): bigint {
  return earlier(version, -ms);
}
