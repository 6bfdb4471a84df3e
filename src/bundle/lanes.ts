/** Work that is done side by side. */

/** Runs `run` for every item, in their order and at most `lanes` at once; rejects as soon as one of them does. */
export async function inLanes<T>(
  items: readonly T[],
  lanes: number,
  run: (item: T) => Promise<void>,
): Promise<void> {
  const next = items.values();
  await Promise.all(Array.from({ length: Math.min(lanes, items.length) }, async () => {
    for (const item of next) await run(item);
  }));
}
