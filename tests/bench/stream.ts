/** Objects that are created one after another, at the pace at which the Go operator's were. */

/** The Go operator's 200 control planes came in 5.4 s. */
export const PER_SECOND = 200 / 5.4;

export interface StreamOptions {
  /** @default {PER_SECOND} */
  perSecond?: number;
  /** Milliseconds, monotonic. @default {performance.now} */
  now?: () => number;
  /** @default {setTimeout} */
  pause?: (ms: number) => Promise<void>;
}

/** When the last object was created, and how long creating all of them took. */
export interface Streamed {
  /** By `now`, in milliseconds. */
  last: number;
  seconds: number;
}

/** Creates `count` objects, each not before its time; who is late does not wait, and makes up for it. */
export async function inStream(
  count: number,
  create: (index: number) => Promise<unknown>,
  options: StreamOptions = {},
): Promise<Streamed> {
  const {
    perSecond = PER_SECOND,
    now = () => performance.now(),
    pause = (ms) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
  } = options;
  const started = now();
  for (let index = 0; index < count; index++) {
    const early = started + index * 1_000 / perSecond - now();
    if (early > 1) await pause(early);
    await create(index);
  }
  const last = now();
  return { last, seconds: (last - started) / 1_000 };
}
