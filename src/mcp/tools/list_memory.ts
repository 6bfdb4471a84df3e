/** What was made of a list, as long as the list is the same: a cache gives the same objects to everybody. */

/** A memory. Nothing is kept longer than the first object of a list. */
export type ListMemory<T extends object, A> = (items: readonly T[], about: string, make: () => A) => A;

/** So many answers about one list, such as its pages. */
const MOST = 16;

interface Known<T, A> {
  readonly items: readonly T[];
  readonly answers: Map<string, A>;
}

/**
 * Makes one. Lists are the same where they have the same objects in the same order; objects must not change. Neither may
 * what `make` yields.
 */
export function createListMemory<T extends object, A>(): ListMemory<T, A> {
  const lists = new WeakMap<T, Known<T, A>>();
  return (items, about, make) => {
    const [first] = items;
    if (first === undefined) return make();
    let known = lists.get(first);
    if (known === undefined || !isSame(known.items, items)) {
      // A copy: the list itself is its giver's.
      lists.set(first, known = { items: [...items], answers: new Map() });
    }
    const before = known.answers.get(about);
    if (before !== undefined) return before;
    const answer = make();
    if (known.answers.size >= MOST) known.answers.clear();
    known.answers.set(about, answer);
    return answer;
  };
}

function isSame<T>(one: readonly T[], other: readonly T[]): boolean {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false;
  return true;
}
