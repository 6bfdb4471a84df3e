/** Calls to one Coder for one tool: with a deadline, and with a word at once where it is down. */
import { z } from "zod";
import type { CoderClient } from "../../coder/mod.ts";
import type { AccessRequest } from "../../kube/reviews.ts";
import type { CoderSession } from "../../caller/types.ts";
import { ToolError, toolError } from "../errors.ts";
import { namespaceInput, type ToolCall } from "../tool.ts";
import { ALIVE_MS, CODER_MS, within } from "../../caller/within.ts";

/** However long it took to open one: for a sign of life. */
const LEAST_MS = 250;

/** Which Coder. */
export const CODER_INPUT = {
  namespace: namespaceInput(),
  controlPlane: z.string().max(253).optional().describe("Needed where the namespace has several"),
};

export interface Question {
  readonly namespace: string;
  readonly controlPlane?: string | undefined;
  /** What the caller must be allowed to where the operator's access is used. */
  readonly need: AccessRequest;
  /** Such as `list provisioner jobs`: messages begin with it. */
  readonly what: string;
}

/** A Coder that answers. */
export interface Answering extends Pick<CoderSession, "ref" | "as"> {
  readonly client: CoderClient;
  readonly signal: AbortSignal;
}

/**
 * What `run` yields, within five seconds. Where nothing answers there at all, about one is waited.
 *
 * @throws {ToolError} which says what was asked, or why it could not be
 */
export async function askCoder<T>(
  { coders, signal }: Pick<ToolCall, "coders" | "signal">,
  { namespace, controlPlane, need, what }: Question,
  run: (coder: Answering) => Promise<T>,
): Promise<T> {
  const where = `${what} of ${controlPlane === undefined ? namespace : `${namespace}/${controlPlane}`}`;
  const start = performance.now();
  try {
    return await within(signal, CODER_MS, async (signal) => {
      const { client: any, ref, as } = await coders.open({ namespace, controlPlane }, need, signal);
      const client = any.prompt ?? any;
      const left = Math.max(LEAST_MS, ALIVE_MS - (performance.now() - start));
      return await whileAlive(client, signal, left, (signal) => run({ client, ref, as, signal }));
    });
  } catch (error) {
    signal.throwIfAborted();
    throw failed(error, where);
  }
}

/** Ends with the failure of a call that needs neither token nor database, if that is known first. */
async function whileAlive<T>(
  { system }: CoderClient,
  signal: AbortSignal,
  ms: number,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const running = AbortSignal.any([signal, stop.signal]);
  const never = Promise.withResolvers<never>();
  within(running, ms, (signal) => system.isAlive({ signal, timeoutMs: ms }))
    .catch((error) => {
      never.reject(error);
      stop.abort(error);
    });
  try {
    return await Promise.race([run(running), never.promise]);
  } finally {
    never.promise.catch(() => {});
    stop.abort();
  }
}

function failed(error: unknown, what: string): ToolError {
  if (error instanceof DOMException && error.name === "TimeoutError") {
    const message = `${what}: Coder does not answer; what Kubernetes knows is told by the status tools`;
    return new ToolError("unavailable", message, { cause: error });
  }
  return toolError(error, what);
}
