import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import { StatusError } from "../status_errors.ts";
import { checkLength, hasBody, mediaTypeOf, parseJsonBody, readBody } from "./body.ts";

/** As much of a request as is read. */
class Incoming extends EventEmitter {
  isPaused = false;
  pause(): void {
    this.isPaused = true;
  }
  get asMessage(): IncomingMessage {
    return this as unknown as IncomingMessage;
  }
}

const bytes = (text: string) => new TextEncoder().encode(text);
const is = (code: number) => (error: unknown) => error instanceof StatusError && error.code === code;
const never = new AbortController().signal;

Deno.test("the pieces of a body become one", async () => {
  const incoming = new Incoming();
  const reading = readBody(incoming.asMessage, 10, never);
  incoming.emit("data", bytes("ab"));
  incoming.emit("data", bytes("cd"));
  incoming.emit("end");
  assert.equal(new TextDecoder().decode(await reading), "abcd");
  assert.deepEqual(["data", "end", "error", "close"].map((name) => incoming.listenerCount(name)), [
    0,
    0,
    0,
    0,
  ]);
});

Deno.test("a body that turns out too large is left where it is", async () => {
  const incoming = new Incoming();
  const reading = readBody(incoming.asMessage, 3, never);
  incoming.emit("data", bytes("ab"));
  incoming.emit("data", bytes("cd"));
  await assert.rejects(reading, is(413));
  assert.equal(incoming.isPaused, true);
  // What follows is nobody's concern.
  incoming.emit("error", new Error("aborted"));
});

Deno.test("a connection that breaks, closes or is given up ends the reading", async () => {
  const broken = new Incoming();
  const first = readBody(broken.asMessage, 3, never);
  broken.emit("error", new Error("reset"));
  await assert.rejects(first, /reset/);
  const closed = new Incoming();
  const second = readBody(closed.asMessage, 3, never);
  closed.emit("close");
  await assert.rejects(second, /closed in the middle/);
  const controller = new AbortController();
  const third = readBody(new Incoming().asMessage, 3, controller.signal);
  controller.abort(new Error("too late"));
  await assert.rejects(third, /too late/);
  await assert.rejects(
    readBody(new Incoming().asMessage, 3, AbortSignal.abort(new Error("before"))),
    /before/,
  );
});

Deno.test("a size that is announced is looked at beforehand", () => {
  assert.throws(() => checkLength({ "content-length": "4" }, 3), is(413));
  checkLength({ "content-length": "3" }, 3);
  checkLength({}, 3);
});

Deno.test("whether there is a body, and what of, stands in the headers", () => {
  assert.deepEqual([{}, { "content-length": "0" }].map(hasBody), [false, false]);
  assert.deepEqual([{ "content-length": "1" }, { "transfer-encoding": "chunked" }].map(hasBody), [
    true,
    true,
  ]);
  assert.equal(mediaTypeOf({ "content-type": " Application/JSON ; charset=utf-8" }), "application/json");
  assert.equal(mediaTypeOf({}), "");
});

Deno.test("JSON is read, and nothing else is", () => {
  const parse = (contentType: string, body: Uint8Array, accepted?: string[]) =>
    parseJsonBody({ contentType, body }, accepted);
  assert.deepEqual(parse("application/json", bytes('{"a":[1]}')), { a: [1] });
  assert.deepEqual(parse("", bytes("null")), null);
  assert.deepEqual(parse("application/merge-patch+json", bytes("{}"), ["application/merge-patch+json"]), {});
  assert.throws(() => parse("application/merge-patch+json", bytes("{}")), is(415));
  assert.throws(() => parse("application/yaml", bytes("{}")), is(415));
  assert.throws(() => parse("application/json", bytes("{")), is(400));
  assert.throws(() => parse("application/json", new Uint8Array([0xff])), is(400));
  assert.throws(() => parse("application/json", bytes("")), is(400));
});
