/** Tells clients how far a call is: not more often than anybody can read, and never backwards. */

export type ProgressToken = string | number;

export interface ProgressNote {
  readonly progressToken: ProgressToken;
  readonly progress: number;
  readonly total?: number;
  readonly message: string;
}

export interface ProgressWays {
  /** Absent: the client does not want to know. */
  readonly token: ProgressToken | undefined;
  send(note: ProgressNote): Promise<unknown>;
  /** Absent where the client wants no log either. */
  readonly log?: ((message: string) => Promise<unknown>) | undefined;
  /** Milliseconds. */
  now(): number;
}

/** Milliseconds between two. */
const INTERVAL_MS = 250;

/** Makes a `progress` for tools. The last step is always told. */
export function progressReporter(
  { token, send, log, now }: ProgressWays,
): (done: number, total: number | undefined, message: string) => void {
  if (token === undefined && log === undefined) return () => {};
  let last = -Infinity;
  let lastAt = -Infinity;
  return (done, total, message) => {
    const isLast = total !== undefined && done >= total;
    if (!(done > last) || (!isLast && now() - lastAt < INTERVAL_MS)) return;
    last = done;
    lastAt = now();
    // Whoever is gone hears no more; its call ends by its signal.
    log?.(message).catch(() => {});
    if (token === undefined) return;
    const note = { progressToken: token, progress: done, ...(total === undefined ? {} : { total }), message };
    send(note).catch(() => {});
  };
}
