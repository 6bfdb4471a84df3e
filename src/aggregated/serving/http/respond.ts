/** Puts an answer on the wire. */
import { Buffer } from "node:buffer";
import type { ServerResponse } from "node:http";
import type { Outlet } from "../watch/outlet.ts";
import { type Answer, type BodyAnswer, type Exchange, isStream } from "./exchange.ts";
import { acceptsGzip, GZIP_FROM, gzipped } from "./gzip.ts";

/** Answers are the caller's own, and true for now alone, unless they say otherwise. */
const UNCACHED = "no-cache, private";
const MAX_WARNING = 1_024;
const MAX_WARNINGS = 8;

/** @param closeConnection this answer is the last one of its connection */
export async function respond(
  response: ServerResponse,
  exchange: Exchange,
  answer: Answer,
  closeConnection: boolean,
): Promise<void> {
  const headers = commonHeaders(exchange, answer);
  if (isStream(answer)) {
    response.writeHead(answer.code, { ...headers, "Content-Type": answer.contentType });
    // At once: clients wait for the head before they wait for events.
    response.flushHeaders();
    answer.run(outletOf(response));
    return;
  }
  if (closeConnection || answer.closeConnection === true) headers["Connection"] = "close";
  const isHead = exchange.info.method === "HEAD";
  const body = await encode(answer, exchange, headers);
  if (answer.code !== 304) headers["Content-Length"] = String(body.byteLength);
  if (response.destroyed) return;
  response.writeHead(answer.code, headers);
  // In one call: Deno 2.9.4 can lose an answer whose `end` comes later than its body.
  if (isHead || body.byteLength === 0) response.end();
  else response.end(body);
}

function commonHeaders(
  { auditId, warnings }: Exchange,
  { headers }: Answer,
): Record<string, string | string[]> {
  return {
    "Audit-Id": auditId,
    "Cache-Control": UNCACHED,
    "X-Content-Type-Options": "nosniff",
    ...headers,
    ...(warnings.length === 0 ? {} : { "Warning": warnings.slice(0, MAX_WARNINGS).map(warningText) }),
  };
}

async function encode(
  answer: BodyAnswer,
  exchange: Exchange,
  headers: Record<string, string | string[]>,
): Promise<Uint8Array> {
  const { body = "", contentType = "application/json" } = answer;
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  if (bytes.byteLength === 0) return bytes;
  headers["Content-Type"] = contentType;
  if (bytes.byteLength < GZIP_FROM) return bytes;
  headers["Vary"] = answer.headers?.["Vary"] === undefined
    ? "Accept-Encoding"
    : `${answer.headers["Vary"]}, Accept-Encoding`;
  if (!acceptsGzip(exchange.headers["accept-encoding"])) return bytes;
  headers["Content-Encoding"] = "gzip";
  return await gzipped(bytes);
}

/** RFC 7234: code 299, no agent, a quoted text. */
function warningText(text: string): string {
  const plain = text.replace(/[^\u0020-\u007e]/g, "?").slice(0, MAX_WARNING);
  return `299 - "${plain.replace(/[\\"]/g, "\\$&")}"`;
}

function outletOf(response: ServerResponse): Outlet {
  return {
    write: (piece) => !response.destroyed && !response.writableEnded ? response.write(piece) : true,
    end: () => void response.end(),
    destroy: () => void response.destroy(),
    onDrain: (listener) => void response.on("drain", listener),
    onClose(listener) {
      if (response.closed) listener();
      else response.once("close", listener);
    },
  };
}
