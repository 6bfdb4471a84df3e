/** Long work in small pieces: others in this process are served in between. */

/** The longest piece, in milliseconds. */
const PIECE_MS = 8;

/** To be awaited between two pieces. Costs nothing while the present one is short. */
export function breaths(now: () => number = () => performance.now()): () => Promise<void> {
  let begun = now();
  return async () => {
    if (now() - begun < PIECE_MS) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    begun = now();
  };
}
