/** The end of one call: its deadline or its caller's signal, without leaving timers or listeners behind. */

/** Why a call is over before its answer came. */
export type Over = "timeout" | "aborted";

export interface Deadline {
  /** Aborts when the call is over, either way. */
  readonly signal: AbortSignal;
  readonly over: Over | undefined;
  /** What `promise` yields, or a rejection as soon as the call is over. */
  race<T>(promise: Promise<T>): Promise<T>;
  /** The call has its answer: stops the timer and listens no more. */
  end(): void;
}

/** The longest that a timer of the runtime can run, in milliseconds; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** Starts the deadline of a call, `timeoutMs` from now. */
export function startDeadline(timeoutMs: number, caller?: AbortSignal): Deadline {
  const controller = new AbortController();
  const { promise: interrupted, reject } = Promise.withResolvers<never>();
  interrupted.catch(() => {});
  let over: Over | undefined;
  const stop = (why: Over, reason: unknown) => {
    if (over !== undefined) return;
    over = why;
    end();
    reject(reason);
    controller.abort(reason);
  };
  const onAbort = () => stop("aborted", caller?.reason);
  const timer = setTimeout(
    () => stop("timeout", new Error(`not within ${timeoutMs} ms`)),
    Math.min(Math.max(0, timeoutMs), LONGEST_TIMER_MS),
  );
  const end = () => {
    clearTimeout(timer);
    caller?.removeEventListener("abort", onAbort);
  };
  if (caller?.aborted) onAbort();
  else caller?.addEventListener("abort", onAbort, { once: true });
  return {
    signal: controller.signal,
    get over() {
      return over;
    },
    race(promise) {
      promise.catch(() => {});
      return Promise.race([interrupted, promise]);
    },
    end,
  };
}
