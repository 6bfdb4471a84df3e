/** Deadlines of calls that never leave the process. */
import { type CallDescription, KubeConnectionError } from "../../kube/errors.ts";
import type { CallOptions } from "../../kube/client.ts";

const DEFAULT_MS = 30_000;

/**
 * Runs something until the caller leaves or the deadline is over; what `run` does after that is of no matter. Leaves no
 * timer and no listener behind.
 *
 * @throws {KubeConnectionError} as a client of the API server does
 */
export async function withDeadline<R>(
  { signal, timeoutMs = DEFAULT_MS }: CallOptions,
  call: CallDescription,
  run: (signal: AbortSignal) => Promise<R>,
): Promise<R> {
  const controller = new AbortController();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const what = `${call.method} ${call.path}`;
  const end = (error: KubeConnectionError) => {
    reject(error);
    controller.abort(error);
  };
  const onAbort = () =>
    end(
      new KubeConnectionError(`${what}: the call was ended by its caller`, call, { cause: signal?.reason }),
    );
  const timer = setTimeout(
    () => end(new KubeConnectionError(`${what}: no answer within ${timeoutMs} ms`, call, { timedOut: true })),
    timeoutMs,
  );
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    if (signal?.aborted) onAbort();
    return await Promise.race([controller.signal.aborted ? ended : run(controller.signal), ended]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}
