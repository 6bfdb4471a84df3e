/** What is said to those who do not see the page: politely, and not more often than somebody can listen. */

const EVERY_MS = 10_000;

/**
 * @typedef {object} Clock
 * @property {() => number} now in milliseconds
 * @property {(ms: number, run: () => void) => () => void} after gives what takes it back
 */

/** @type {Clock} */
const CLOCK = {
  now: Date.now,
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

export class Announcer {
  /** The newest of each subject. @type {Map<string, () => string>} */
  #waiting = new Map();
  /** @type {(() => void) | undefined} */
  #cancel = undefined;
  #last = -Infinity;
  #say;
  #clock;

  /** @param {(text: string) => void} say @param {Clock} [clock] */
  constructor(say, clock = CLOCK) {
    this.#say = say;
    this.#clock = clock;
  }

  /**
   * Says it soon. What is still waiting of the same subject is not true any more, and is left out.
   *
   * @param {string} subject
   * @param {() => string} words asked for when it is said; empty: nothing
   */
  tell(subject, words) {
    this.#waiting.set(subject, words);
    const wait = Math.max(0, this.#last + EVERY_MS - this.#clock.now());
    this.#cancel ??= this.#clock.after(wait, () => this.#flush());
  }

  /** Nothing more is said of what waits. */
  clear() {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#waiting.clear();
  }

  #flush() {
    this.#cancel = undefined;
    this.#last = this.#clock.now();
    const text = [...this.#waiting.values()].map((words) => words()).filter((words) => words !== "").join(
      " ",
    );
    this.#waiting.clear();
    if (text !== "") this.#say(text);
  }
}

/**
 * What became different between two counts, in words; empty: nothing.
 *
 * @param {ReadonlyMap<string, number>} before
 * @param {ReadonlyMap<string, number>} after
 * @returns {string}
 */
export function countsChanged(before, after) {
  const parts = [];
  for (const facet of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [before.get(facet) ?? 0, after.get(facet) ?? 0];
    if (was !== is) parts.push(`${is} ${facet}`);
  }
  return parts.slice(0, 5).join(", ");
}
