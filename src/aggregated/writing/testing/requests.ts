/** Requests that nobody has sent. For tests alone. */
import { ANONYMOUS } from "../../../identity/mod.ts";
import { readWriteOptions } from "../../serving/query/write_options.ts";
import type { RequestContext, WriteRequest } from "../../serving/storage.ts";

/** Of nobody, for as long as it takes. Warnings are lost. */
export function anonymousContext(): RequestContext {
  return { user: ANONYMOUS, signal: new AbortController().signal, warn: () => {} };
}

/** @param query as on the URL */
export function writeRequest(
  verb: WriteRequest["verb"],
  name: string,
  body: unknown = "",
  { query = "", namespace = "n", ...more }:
    & { query?: string; namespace?: string }
    & Partial<
      Pick<WriteRequest, "contentType" | "selects" | "subresource">
    > = {},
): WriteRequest {
  const parameters = new URLSearchParams(query);
  return {
    verb,
    key: { namespace, name },
    query: parameters,
    options: readWriteOptions(parameters, "Options"),
    contentType: verb === "patch" ? "application/merge-patch+json" : "application/json",
    body: new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body)),
    ...more,
  };
}
