/** The state of a diagnosis, where its causes are shown beside it. */
import type { Diagnosis } from "./types.ts";

/** A state may end with what the first cause says: without that, so that nobody reads it twice. */
export function stateAlone({ state, causes: [first] }: Pick<Diagnosis, "state" | "causes">): string {
  if (first === undefined) return state;
  const at = state.indexOf(`: ${first.cause.replace(/\.$/, "")}`);
  return at < 1 ? state : `${state.slice(0, at)}.`;
}
