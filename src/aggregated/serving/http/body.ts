/** Bodies of requests. */
import { Buffer } from "node:buffer";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { badRequest, requestEntityTooLarge, unsupportedMediaType } from "../status_errors.ts";

/** What the client says of its body beforehand. @throws {StatusError} 413 where it is larger than `limit` bytes */
export function checkLength({ "content-length": length = "0" }: IncomingHttpHeaders, limit: number): void {
  if (Number(length) > limit) throw requestEntityTooLarge(limit);
}

/**
 * The whole body. @throws {StatusError} 413 where it is larger than `limit` bytes: then the rest is left where it is, as
 * the answer goes over the same connection. @throws the reason of `signal`, or the error of the connection
 */
export function readBody(incoming: IncomingMessage, limit: number, signal: AbortSignal): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const pieces: Uint8Array[] = [];
    let size = 0;
    const settle = (then: () => void) => {
      incoming.off("data", onData).off("end", onEnd).off("error", onError).off("close", onClose);
      signal.removeEventListener("abort", onAbort);
      then();
    };
    const fail = (error: unknown) => {
      incoming.pause();
      // Whatever still goes wrong with it is nobody's concern any more.
      incoming.on("error", () => {});
      settle(() => reject(error));
    };
    const onData = (piece: Uint8Array) => {
      size += piece.byteLength;
      if (size > limit) return fail(requestEntityTooLarge(limit));
      pieces.push(piece);
    };
    const onEnd = () => settle(() => resolve(Buffer.concat(pieces, size)));
    const onError = (error: Error) => fail(error);
    const onClose = () => fail(new Error("the connection was closed in the middle of the body"));
    const onAbort = () => fail(signal.reason);
    if (signal.aborted) return fail(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    incoming.on("data", onData).on("end", onEnd).on("error", onError).on("close", onClose);
  });
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
