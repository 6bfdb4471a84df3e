/** Whether a row of readings grows, seen through the noise of a garbage collector. */

/** Medians of the first and of the last quarter of `readings`, and the largest of all. */
export function growth(readings: readonly number[]): { first: number; last: number; most: number } {
  if (readings.length === 0) throw new Error("there are no readings to tell growth from");
  const quarter = Math.max(1, Math.floor(readings.length / 4));
  return {
    first: median(readings.slice(0, quarter)),
    last: median(readings.slice(-quarter)),
    most: Math.max(...readings),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [Math.floor((sorted.length - 1) / 2), Math.ceil((sorted.length - 1) / 2)];
  return ((sorted[low] ?? Number.NaN) + (sorted[high] ?? Number.NaN)) / 2;
}
