/** The changes of the recent past, in order, for watchers that come back. */
import type { Change } from "./change.ts";
import { earlier, versionFacts } from "./versions.ts";

export interface HistoryOptions {
  /** How many changes are kept in any case. @default {2_048} */
  readonly size?: number;
  /**
   * How far back other replicas may have seen less than their versions say, in milliseconds; a function where that
   * changes. @default {300_000}
   */
  readonly overlapMs?: number | (() => number);
}

/** One change, with the version that it got. */
export interface Recorded<T> {
  readonly version: bigint;
  readonly change: Change<T>;
}

/** What follows a version. */
export type Since<T> =
  | { readonly kind: "exact" | "overlap"; readonly changes: readonly Recorded<T>[] }
  /** Nobody here can tell what has happened since. */
  | { readonly kind: "expired" };

export const DEFAULT_OVERLAP_MS = 300_000;
/** More than so many times the size are never kept, however much happens. */
const MOST = 16;
/** Beyond the size, nothing is kept for longer, in milliseconds. */
const LONGEST_MS = 3_600_000;
/** Versions without a change that are remembered. */
const CHECKPOINTS = 4_096;

export class History<T> {
  readonly #size: number;
  readonly #overlapMs: () => number;
  #changes: Recorded<T>[] = [];
  /** Where the first one that counts is: what is before it has been given up. */
  #head = 0;
  readonly #checkpoints: bigint[] = [];
  /** Of the newest change that was given up. */
  #evicted = 0n;
  /** Versions of other replicas from before are of a time of which we know nothing. */
  #start: bigint;

  constructor(start: bigint, { size = 2_048, overlapMs = DEFAULT_OVERLAP_MS }: HistoryOptions = {}) {
    this.#size = size;
    this.#overlapMs = typeof overlapMs === "number" ? () => overlapMs : overlapMs;
    this.#start = start;
    this.#checkpoints.push(start);
  }

  /** Changes that are kept. */
  get length(): number {
    return this.#changes.length - this.#head;
  }

  /** See {@linkcode HistoryOptions.overlapMs}; as it is now. */
  get overlapMs(): number {
    return this.#overlapMs();
  }

  add(recorded: Recorded<T>): void {
    this.#changes.push(recorded);
    this.#evict(recorded.version);
  }

  /** A version that stands for no change, and is told to clients. */
  checkpoint(version: bigint): void {
    this.#checkpoints.push(version);
    if (this.#checkpoints.length > CHECKPOINTS) this.#checkpoints.splice(0, CHECKPOINTS / 2);
  }

  /** Whether it is one of those, as far as they are remembered: no other replica has given it. */
  isCheckpoint(version: bigint): boolean {
    const checkpoints = this.#checkpoints;
    const point = firstAbove(checkpoints.length, (index) => checkpoints[index]! >= version);
    return checkpoints[point] === version;
  }

  /** From now on something is watched whose past is not known here, as it may be elsewhere. */
  beginAnew(version: bigint): void {
    this.#start = version;
  }

  /**
   * What follows `version`. Of one that another replica gave, more than that: that replica may have known less than we
   * did at that time.
   *
   * @param isStale whether we, too, have been cut off from a Coder
   */
  since(version: bigint, isStale: boolean): Since<T> {
    if (version < this.#evicted) return { kind: "expired" };
    if (this.#isOurs(version)) return { kind: "exact", changes: this.#after(version) };
    const from = earlier(version, this.#overlapMs());
    const isBlind = versionFacts(version).isStale && !isStale;
    if (isBlind || version < this.#start || from < this.#evicted) return { kind: "expired" };
    return { kind: "overlap", changes: this.#after(from) };
  }

  /**
   * Versions of changes are no sign: a replica that sees the same change in the same moment, or that counts on from our
   * versions in a burst, gives it the same one, and may have known less before. Only of the time before the beginning,
   * from which nobody is taken over, they are taken for ours: objects that have not changed since have them.
   */
  #isOurs(version: bigint): boolean {
    return this.isCheckpoint(version) ||
      (version < this.#start && this.#changes[this.#indexAfter(version) - 1]?.version === version);
  }

  #after(version: bigint): readonly Recorded<T>[] {
    return this.#changes.slice(this.#indexAfter(version));
  }

  #indexAfter(version: bigint): number {
    const changes = this.#changes;
    const offset = firstAbove(this.length, (index) => changes[this.#head + index]!.version > version);
    return this.#head + offset;
  }

  #evict(now: bigint): void {
    if (this.length <= this.#size) return;
    const keepFrom = earlier(now, Math.min(2 * this.#overlapMs(), LONGEST_MS));
    while (this.length > this.#size) {
      const { version } = this.#changes[this.#head]!;
      if (version >= keepFrom && this.length <= this.#size * MOST) return;
      this.#evicted = version;
      this.#head++;
    }
    if (this.#head > this.#size) {
      this.#changes = this.#changes.slice(this.#head);
      this.#head = 0;
    }
  }
}

/** The first index for which `isAbove` holds; `length` where there is none. It must hold for all behind it. */
function firstAbove(length: number, isAbove: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isAbove(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
