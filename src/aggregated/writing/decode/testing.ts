/** Requests that write gadgets. For tests alone. */
import type { WriteOptions } from "../../serving/query/write_options.ts";
import { StatusError } from "../../serving/status_errors.ts";
import { type Gadget, gadget, writableGadgetDefinition } from "../../serving/testing/gadgets.ts";

export { writableGadgetDefinition as definition };

/** A body with what a request says beside it. @param body text goes as it is */
export function sent(
  body: unknown,
  more: { contentType?: string; name?: string; namespace?: string; options?: Partial<WriteOptions> } = {},
) {
  const { contentType = "application/json", name = "", namespace = "n", options = {} } = more;
  return {
    contentType,
    body: new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body)),
    key: { namespace, name },
    options: { dryRun: false, fieldValidation: "Warn", force: false, ...options } as WriteOptions,
  };
}

/** A stored gadget. */
export function stored(meta: Partial<Gadget["metadata"]> = {}, spec: object = { color: "red" }): Gadget {
  const object = gadget("n", "a");
  return {
    ...object,
    metadata: { ...object.metadata, uid: "u1", resourceVersion: "7", generation: 1, ...meta },
    spec: spec as Gadget["spec"],
  };
}

/** What is told of a refusal: code, reason, message, and the causes as `reason field`. */
export function refusal(
  run: () => unknown,
): { code: number; reason: string; message: string; causes: string[] } {
  try {
    run();
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    const { code, reason, message, details } = error;
    const causes = (details?.causes ?? []).map((cause) => `${cause.reason} ${cause.field}`);
    return { code, reason, message, causes };
  }
  throw new Error("nothing was refused");
}
