import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { KubeObject } from "../../api/object.ts";
import type { WatchEvent } from "../client.ts";
import { KubeConnectionError } from "../errors.ts";
import { parseWatchEvent, splitLines, watchEvents } from "./watch_stream.ts";

const call = { method: "GET", path: "/api/v1/pods" };

async function* chunksOf(...parts: (string | Uint8Array | Error)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    await Promise.resolve();
    if (part instanceof Error) throw part;
    yield typeof part === "string" ? Buffer.from(part) : part;
  }
}

async function linesOf(maxBytes: number, ...parts: (string | Uint8Array | Error)[]): Promise<string[]> {
  return await Array.fromAsync(splitLines(chunksOf(...parts), maxBytes));
}

function streamOf(...parts: (string | Error)[]) {
  const stream = { body: chunksOf(...parts), cancelled: 0, cancel: () => void stream.cancelled++ };
  return stream;
}

function line(type: string, name: string): string {
  return JSON.stringify({ type, object: { apiVersion: "v1", kind: "Pod", metadata: { name } } }) + "\n";
}

async function eventsOf(stream: ReturnType<typeof streamOf>, signal?: AbortSignal) {
  const events: WatchEvent<KubeObject>[] = [];
  for await (const event of watchEvents(stream, call, signal)) events.push(event);
  return events;
}

Deno.test("lines are found wherever the chunks are cut", async () => {
  assert.deepEqual(await linesOf(100, "a\nbb\n", "cc", "c\n", "d"), ["a", "bb", "ccc", "d"]);
  assert.deepEqual(await linesOf(100, ..."one\ntwo\n".split("")), ["one", "two"]);
});

Deno.test("empty lines and empty chunks are left out", async () => {
  assert.deepEqual(await linesOf(100, "", "\n\n", "a\n", "", "\nb\n"), ["a", "b"]);
  assert.deepEqual(await linesOf(100), []);
});

Deno.test("a character that is cut between chunks stays whole", async () => {
  const bytes = Buffer.from('"grün 🚀"\n');
  const cut = Array.from({ length: bytes.length }, (_, index) => bytes.subarray(index, index + 1));
  assert.deepEqual(await linesOf(100, ...cut), ['"grün 🚀"']);
});

Deno.test("a line of one megabyte in many chunks is put together once", async () => {
  const big = "x".repeat(1_048_576);
  const whole = `${big}\nsmall\n`;
  const parts: string[] = [];
  for (let at = 0; at < whole.length; at += 16_384) parts.push(whole.slice(at, at + 16_384));
  const [first, second, ...rest] = await linesOf(2_000_000, ...parts);
  assert.equal(first, big);
  assert.deepEqual([second, rest], ["small", []]);
});

Deno.test("a line beyond the limit is an error, not a growing heap", async () => {
  await assert.rejects(linesOf(10, "12345", "67890", "1"), /larger than 10 bytes/);
  assert.deepEqual(await linesOf(10, "1234567890\n", "1234567890\n"), ["1234567890", "1234567890"]);
});

Deno.test("events are handed on in order, bookmarks included", async () => {
  const stream = streamOf(
    line("ADDED", "a") + line("MODIFIED", "a"),
    line("BOOKMARK", ""),
    line("DELETED", "a"),
  );
  const events = await eventsOf(stream);
  assert.deepEqual(events.map((event) => event.type), ["ADDED", "MODIFIED", "BOOKMARK", "DELETED"]);
  assert.equal(stream.cancelled, 1);
});

Deno.test("an ERROR event is handed on as it came", async () => {
  const status = { kind: "Status", code: 410, reason: "Expired" };
  const events = await eventsOf(streamOf(JSON.stringify({ type: "ERROR", object: status }) + "\n"));
  assert.deepEqual(events, [{ type: "ERROR", object: status }]);
});

Deno.test("what is not an event ends the watch with an error", () => {
  for (const text of ["null", "5", "[]", "{}", '{"type":"ADDED"}', '{"type":"ADDED","object":null}']) {
    assert.throws(() => parseWatchEvent(text), /not an event/, text);
  }
  assert.throws(() => parseWatchEvent('{"type":"ODD","object":{"metadata":{}}}'), /not an event/);
  assert.throws(() => parseWatchEvent('{"type":"ADDED","object":{"metadata":[]}}'), /not an event/);
  assert.throws(() => parseWatchEvent("<html>"), /not JSON: <html>/);
});

Deno.test("the message quotes only the beginning of a long line", () => {
  assert.throws(
    () => parseWatchEvent(`${"y".repeat(10_000)}`),
    (error) => error instanceof Error && error.message.length < 300,
  );
});

Deno.test("a broken connection is a connection error with its cause", async () => {
  const broken = new Error("ECONNRESET");
  const stream = streamOf(line("ADDED", "a"), broken);
  await assert.rejects(eventsOf(stream), (error) => {
    assert.ok(error instanceof KubeConnectionError);
    assert.equal(error.cause, broken);
    assert.match(error.message, /watch of \/api\/v1\/pods: ECONNRESET/);
    return true;
  });
  assert.equal(stream.cancelled, 1);
});

Deno.test("a connection error of the transport passes unchanged", async () => {
  const original = new KubeConnectionError("gone", call);
  await assert.rejects(eventsOf(streamOf(original)), (error) => error === original);
});

Deno.test("an abort ends the events without an error, even in the middle of a chunk", async () => {
  const abort = new AbortController();
  const stream = streamOf(line("ADDED", "a") + line("ADDED", "b") + line("ADDED", "c"));
  const seen: string[] = [];
  for await (const event of watchEvents(stream, call, abort.signal)) {
    seen.push(String((event.object as KubeObject).metadata.name));
    if (seen.length === 2) abort.abort();
  }
  assert.deepEqual(seen, ["a", "b"]);
  assert.equal(stream.cancelled, 1);
  assert.deepEqual(await eventsOf(streamOf(new Error("destroyed")), abort.signal), []);
});

Deno.test("leaving the loop closes the stream", async () => {
  const stream = streamOf(line("ADDED", "a"), line("ADDED", "b"));
  for await (const _event of watchEvents(stream, call, undefined)) break;
  assert.equal(stream.cancelled, 1);
});
