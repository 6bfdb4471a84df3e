/** What is said to those who do not see the page: politely, and not more often than somebody can listen. */

const EVERY_MS = 10_000;

export class Announcer {
  /** The newest of each subject. @type {Map<string, () => string>} */
  #waiting = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer = undefined;
  #last = -Infinity;
  #say;
  #now;

  /** @param {(text: string) => void} say @param {() => number} [now] */
  constructor(say, now = Date.now) {
    this.#say = say;
    this.#now = now;
  }

  /**
   * Says it soon. What is still waiting of the same subject is not true any more, and is left out.
   *
   * @param {string} subject
   * @param {() => string} words asked for when it is said; empty: nothing
   */
  tell(subject, words) {
    this.#waiting.set(subject, words);
    this.#timer ??= setTimeout(() => this.#flush(), Math.max(0, this.#last + EVERY_MS - this.#now()));
  }

  /** Nothing more is said of what waits. */
  clear() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting.clear();
  }

  #flush() {
    this.#timer = undefined;
    this.#last = this.#now();
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
