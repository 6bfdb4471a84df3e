/** Sessions of a process that is still starting: tools are made before what they work on is open. */
import type { Sessions } from "../../sessions/coordinator/types.ts";
import { SessionError } from "../../sessions/types.ts";

export interface SessionsSlot {
  /** Refuses everything as `unavailable` until {@linkcode SessionsSlot.fill}. */
  readonly sessions: Sessions;
  fill(sessions: Sessions): void;
}

/** Makes an empty one. */
export function sessionsSlot(): SessionsSlot {
  let filled: Sessions | undefined;
  // deno-lint-ignore require-await -- what is refused is refused as everything else is: by a rejection
  const get = async () => {
    if (filled !== undefined) return filled;
    throw new SessionError(
      "unavailable",
      "nothing was done: sessions are not ready yet; try again in a moment",
    );
  };
  return {
    fill: (sessions) => void (filled = sessions),
    sessions: {
      create: async (...args) => (await get()).create(...args),
      list: async (...args) => (await get()).list(...args),
      get: async (...args) => (await get()).get(...args),
      extend: async (...args) => (await get()).extend(...args),
      annotate: async (...args) => (await get()).annotate(...args),
      close: async (...args) => (await get()).close(...args),
      checkpoint: async (...args) => (await get()).checkpoint(...args),
      restore: async (...args) => (await get()).restore(...args),
      checkpoints: async (...args) => (await get()).checkpoints(...args),
      call: async (...args) => (await get()).call(...args),
      everybody: async (...args) => (await get()).everybody(...args),
    },
  };
}
