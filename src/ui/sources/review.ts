/** Whether somebody may see what is everybody's, asked anew from time to time. */
import type { SourceWorld, Visitor } from "./source.ts";

/** Rejects where nobody can say: then they see their own. */
export type SeesAll = (visitor: Visitor, signal: AbortSignal) => Promise<boolean>;

/** How often it is asked, in milliseconds. */
export const REVIEW_MS = 60_000;

/** The last answer, not older than a minute. */
export function reviewed(seesAll: SeesAll, { visitor, signal, clock }: SourceWorld): () => Promise<boolean> {
  let all = false;
  let dueAt = -Infinity;
  return async () => {
    if (clock.now() < dueAt) return all;
    try {
      all = await seesAll(visitor(), signal);
    } catch {
      all = false;
    }
    dueAt = clock.now() + REVIEW_MS;
    return all;
  };
}
