/** "Did you mean …": the nearest of the names that exist. */

/** Edits (insert, delete, replace, swap of neighbours) that turn one word into the other. */
export function editDistance(from: string, to: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let best = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] &&
        from[row - 2] === to[column - 1];
      if (swapped) best = Math.min(best, (beforePrevious[column - 2] ?? 0) + 1);
      current.push(best);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[to.length] ?? 0;
}

/**
 * The candidate nearest to what was typed, compared without case, `-` and `_`; undefined where none is near enough
 * to be helpful (more than a third of the letters differ, and it is not the beginning of exactly one candidate).
 */
export function suggest(typed: string, candidates: Iterable<string>): string | undefined {
  const plain = (word: string) => word.toLowerCase().replace(/[-_]/g, "");
  const wanted = plain(typed);
  if (wanted === "") return undefined;
  const all = [...candidates];
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of all) {
    const distance = editDistance(wanted, plain(candidate));
    if (best === undefined || distance < best.distance) best = { candidate, distance };
  }
  if (best !== undefined && best.distance <= Math.max(1, Math.floor(wanted.length / 3))) {
    return best.candidate;
  }
  const longer = all.filter((candidate) => plain(candidate).includes(wanted));
  return wanted.length >= 3 && longer.length === 1 ? longer[0] : undefined;
}
