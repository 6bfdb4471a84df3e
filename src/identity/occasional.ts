/** Says the same thing in the log once in a while, not once a request. */
import type { Clock } from "../kube/clock.ts";

/** More different things than that are not told apart. */
const MAX_KEYS = 64;

/** Returns a function that is true for a key at most once in `everyMs`. @default everyMs {60_000} */
export function occasionally(clock: Clock, everyMs = 60_000): (key: string) => boolean {
  const said = new Map<string, number>();
  return (key) => {
    const now = clock.now();
    const last = said.get(key);
    if (last !== undefined && now < last + everyMs) return false;
    if (said.size >= MAX_KEYS) said.clear();
    said.set(key, now);
    return true;
  };
}
