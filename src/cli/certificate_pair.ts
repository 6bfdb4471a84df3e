/** Files that are of use together alone. */
import type { Mistake } from "./mistake.ts";

/** A certificate is nothing without its key. */
export function* certificatePair<K extends string>(
  values: { readonly [key in K]?: unknown },
  where: (key: K) => string,
  one: K,
  other: K,
): Iterable<Mistake> {
  for (const [given, missing] of [[one, other], [other, one]] as const) {
    if (values[given] === undefined || values[missing] !== undefined) continue;
    yield { where: where(given), what: `also needs ${where(missing)}` };
  }
}
