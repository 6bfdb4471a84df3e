import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { HttpCall } from "./http_call.ts";
import { EventStream, KeepAlive } from "./sse.ts";

/** An answer that nobody reads. */
class Unread extends EventEmitter {
  written = "";
  destroyed = false;
  writableLength = 0;
  headers: unknown;

  writeHead(_status: number, headers: unknown) {
    this.headers = headers;
  }
  flushHeaders() {}
  write(text: string) {
    this.written += text;
    this.writableLength += text.length;
  }
  end() {
    this.emit("close");
  }
  destroy() {
    this.destroyed = true;
    this.emit("close");
  }
}

function open(keepAlive = new KeepAlive(1_000)) {
  const response = new Unread();
  const call = { response, extraHeaders: { "x-extra": "1" }, limitReading() {} } as unknown as HttpCall;
  return { response, keepAlive, stream: new EventStream(call, keepAlive, { "x-own": "2" }) };
}

Deno.test("events are written as the format wants them, until the stream ends", () => {
  const { response, stream } = open();
  const ended: string[] = [];
  stream.onEnd(() => void ended.push("first"));
  stream.event("message", "{}");
  stream.comment("here");
  assert.equal(response.written, "event: message\ndata: {}\n\n: here\n\n");
  const { "x-extra": extra, "x-own": own, "content-type": type } = response.headers as Record<string, string>;
  assert.deepEqual([extra, own, type], ["1", "2", "text/event-stream"]);
  stream.end();
  stream.end();
  stream.event("message", "late");
  stream.onEnd(() => void ended.push("late"));
  assert.deepEqual([ended, stream.isOpen], [["first", "late"], false]);
  assert.doesNotMatch(response.written, /message\ndata: late/);
});

Deno.test("one message may be large, but who reads nothing is let go of", () => {
  const { response, stream } = open();
  stream.event("message", "x".repeat(5_000_000));
  assert.equal(response.destroyed, false);
  stream.comment("more");
  assert.deepEqual([response.destroyed, stream.isOpen], [true, false]);
});

Deno.test("one timer keeps all streams alive, and none where there is none", async () => {
  const keepAlive = new KeepAlive(2);
  const [one, two] = [open(keepAlive), open(keepAlive)];
  const end = performance.now() + 60_000;
  while (!one.response.written.includes(": keep-alive") || !two.response.written.includes(": keep-alive")) {
    assert.ok(performance.now() < end, "no keep-alive within 60 s");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  one.response.emit("close");
  two.stream.end();
  assert.deepEqual([one.stream.isOpen, two.stream.isOpen], [false, false]);
});
