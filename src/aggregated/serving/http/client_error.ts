/** What comes over a connection and is no request: answered as far as that is possible, then the connection ends. */
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { badRequest, StatusError, timeout } from "../status_errors.ts";

/** Answers a connection whose request could not be read. */
export function answerClientError(error: Error & { code?: string }, socket: Duplex): void {
  if (!socket.writable || error.code === "ECONNRESET" || error.code === "EPIPE") {
    socket.destroy();
    return;
  }
  const { code, status } = refusalOf(error.code);
  const body = `${JSON.stringify(status)}\n`;
  const head = [
    `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ""}`,
    "Content-Type: application/json",
    `Content-Length: ${new TextEncoder().encode(body).byteLength}`,
    "Cache-Control: no-cache, private",
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}

function refusalOf(code: string | undefined): StatusError {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return new StatusError(431, "BadRequest", "the header of the request is larger than this server reads");
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return timeout("the request did not arrive in time");
    default:
      return badRequest("the request is not HTTP/1.1 as this server reads it");
  }
}
