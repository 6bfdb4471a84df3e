/** Bodies of requests. */
import { Buffer } from "node:buffer";
import type { IncomingHttpHeaders } from "node:http";
import { badRequest, requestEntityTooLarge, unsupportedMediaType } from "../status_errors.ts";

/** What is read of an incoming request. */
export interface Readable extends AsyncIterable<unknown> {
  readonly headers: IncomingHttpHeaders;
}

/**
 * The whole body. @throws {StatusError} 413 where it is larger than `limit` bytes: at once where the client says so
 * beforehand. @throws the reason of `signal`
 */
export async function readBody(incoming: Readable, limit: number, signal: AbortSignal): Promise<Uint8Array> {
  if (Number(incoming.headers["content-length"] ?? 0) > limit) throw requestEntityTooLarge(limit);
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of incoming) {
    signal.throwIfAborted();
    const bytes = piece as Uint8Array;
    size += bytes.byteLength;
    if (size > limit) throw requestEntityTooLarge(limit);
    pieces.push(bytes);
  }
  return Buffer.concat(pieces, size);
}

/** Whether something follows the head of a request. */
export function hasBody(
  { "content-length": length, "transfer-encoding": encoding }: IncomingHttpHeaders,
): boolean {
  return encoding !== undefined || (length !== undefined && length !== "0");
}

/** The media type alone, lower case; empty where there is none. */
export function mediaTypeOf({ "content-type": type = "" }: IncomingHttpHeaders): string {
  return (type.split(";")[0] ?? "").trim().toLowerCase();
}

/**
 * A body as JSON. @throws {StatusError} 415 for other media types than `accepted`, 400 for what is no JSON, or no UTF-8
 *
 * @param accepted @default {["application/json"]}
 */
export function parseJsonBody(
  { contentType, body }: { readonly contentType: string; readonly body: Uint8Array },
  accepted: readonly string[] = ["application/json"],
): unknown {
  // Kubernetes takes a body without a type for JSON.
  if (contentType !== "" && !accepted.includes(contentType)) throw unsupportedMediaType(accepted);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    throw badRequest(
      `the body of the request is not JSON: ${cause instanceof SyntaxError ? cause.message : "no UTF-8"}`,
    );
  }
}
