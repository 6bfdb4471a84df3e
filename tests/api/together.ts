/** Cases that have nothing to do with each other, done at the same time. */

/** So many at a time. */
const MOST = 8;

/**
 * Does something with each item. What becomes of an item is known by calling its outcome, which throws what was thrown:
 * each test step tells of its own.
 */
export async function together<T>(
  items: readonly T[],
  each: (item: T) => Promise<void>,
): Promise<readonly (() => void)[]> {
  const outcomes: (() => void)[] = [];
  const queue = items.entries();
  const work = async () => {
    for (const [index, item] of queue) {
      outcomes[index] = await each(item).then(() => () => {}, (error) => () => {
        throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: MOST }, work));
  return outcomes;
}
