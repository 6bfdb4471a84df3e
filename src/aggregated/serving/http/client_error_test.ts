import assert from "node:assert/strict";
import type { Duplex } from "node:stream";
import { answerClientError } from "./client_error.ts";

/** What a connection was sent, and whether it was ended. */
function ask(code: string | undefined, writable = true) {
  const seen = { text: "", isDestroyed: false };
  const socket = {
    writable,
    end(text: string, then: () => void) {
      seen.text = text;
      then();
    },
    destroy: () => void (seen.isDestroyed = true),
  };
  answerClientError(
    Object.assign(new Error("x"), code === undefined ? {} : { code }),
    socket as unknown as Duplex,
  );
  return seen;
}

Deno.test("what cannot be read is answered as far as possible, and the connection ends", () => {
  const cases = [
    ["HPE_INVALID_METHOD", 400],
    ["HPE_HEADER_OVERFLOW", 431],
    ["ERR_HTTP_REQUEST_TIMEOUT", 504],
    [undefined, 400],
  ] as const;
  for (const [code, status] of cases) {
    const { text, isDestroyed } = ask(code);
    assert.ok(text.startsWith(`HTTP/1.1 ${status} `), text);
    const [head = "", body = ""] = text.split("\r\n\r\n");
    assert.match(head, /\r\nConnection: close$/);
    assert.match(head, new RegExp(`Content-Length: ${new TextEncoder().encode(body).byteLength}`));
    assert.equal(JSON.parse(body).code, status);
    assert.equal(isDestroyed, true);
  }
});

Deno.test("a connection that is gone is only forgotten", () => {
  for (const seen of [ask("ECONNRESET"), ask("EPIPE"), ask("HPE_INVALID_METHOD", false)]) {
    assert.deepEqual(seen, { text: "", isDestroyed: true });
  }
});
