/** What holds for sightings of workers wherever they are kept. */

/**
 * So long a process that is gone is not heard, whoever says so, in milliseconds: a coordinator that has not noticed yet goes on
 * saying it. Its name comes back as another process.
 */
export const GONE_MS = 24 * 3_600_000;
