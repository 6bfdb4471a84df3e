/** What is kept of processes that have ended: how many, for how many milliseconds, and the output of how many, as far as it can go. */
export const MOST_ENDED = 50;
export const ENDED_MS = 600_000;
export const MOST_ENDED_OUTPUTS = 8;
