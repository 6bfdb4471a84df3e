import assert from "node:assert/strict";
import { notFound } from "./status_errors.ts";
import { gadget, Gadgets } from "./testing/gadgets.ts";
import { LiveServer, until } from "./testing/live_server.ts";
import type { RequestContext, TextStream } from "./storage.ts";

/** A server whose gadgets have a log. */
async function withLog(
  open: (query: URLSearchParams, context: RequestContext) => TextStream,
): Promise<LiveServer> {
  const live = await LiveServer.start({ limits: { reads: 1, deadlineMs: 2_000 } });
  live.storage.put(gadget("n", "a"));
  live.storage.subresources = {
    log: {
      verbs: ["get"],
      stream: ({ name }, query, context) => {
        if (name !== "a") throw notFound(Gadgets, name);
        return Promise.resolve(open(query, context));
      },
    },
    status: { verbs: ["get"], get: (key, context) => live.storage.get(key, context) },
    empty: { verbs: ["get"] },
  };
  return live;
}

Deno.test("a subresource that is an object is answered as one", async () => {
  await using live = await withLog(() => ({ chunks: [] as unknown as AsyncIterable<string> }));
  const { code, json } = await live.call("namespaces/n/gadgets/a/status");
  assert.deepEqual([code, json.kind, json.metadata.name], [200, "Gadget", "a"]);
  for (
    const [path, method, expected] of [["a/empty", "GET", 405], ["a/status", "PUT", 405], [
      "a/nothing",
      "GET",
      404,
    ], ["a/toString", "GET", 404]] as const
  ) {
    assert.equal((await live.call(`namespaces/n/gadgets/${path}`, { method })).code, expected, path);
  }
});

Deno.test("text is sent as it comes, and followed beyond any deadline", async () => {
  const lines = new TransformStream<string, string>();
  const writer = lines.writable.getWriter();
  await using live = await withLog((query) => ({
    chunks: lines.readable.pipeThrough(
      new TransformStream({
        transform: (chunk, controller) =>
          controller.enqueue(query.get("timestamps") === "true" ? `12:00 ${chunk}` : chunk),
      }),
    ),
  }));
  const answer = await live.open("namespaces/n/gadgets/a/log?follow=true&timestamps=true");
  assert.deepEqual([answer.statusCode, answer.headers["content-type"]], [200, "text/plain"]);
  const pieces = answer[Symbol.asyncIterator]();
  await writer.write("first\n");
  assert.equal(String((await pieces.next()).value), "12:00 first\n");
  await new Promise((resolve) => setTimeout(resolve, 2_200));
  // It no longer counts as in flight.
  assert.equal((await live.call("gadgets")).code, 200);
  await writer.write("second\n");
  assert.equal(String((await pieces.next()).value), "12:00 second\n");
  await writer.close();
  assert.equal((await pieces.next()).done, true);
  assert.equal(answer.complete, true);
});

Deno.test("bytes are sent as they are, and nothing at all is an empty answer", async () => {
  await using live = await withLog(() => ({
    contentType: "application/octet-stream",
    chunks: (async function* () {
      yield await Promise.resolve(new Uint8Array([65, 66]));
    })(),
  }));
  const { text, headers } = await live.call("namespaces/n/gadgets/a/log");
  assert.deepEqual([text, headers["content-type"]], ["AB", "application/octet-stream"]);
  await using empty = await withLog(() => ({ chunks: (async function* () {})() }));
  assert.equal((await empty.call("namespaces/n/gadgets/a/log")).text, "");
});

Deno.test("a refusal before the beginning is an answer of its own", async () => {
  await using live = await withLog(() => ({ chunks: (async function* () {})() }));
  const { code, json } = await live.call("namespaces/n/gadgets/b/log");
  assert.deepEqual([code, json.reason], [404, "NotFound"]);
});

Deno.test("a stream that breaks is cut, so that nobody thinks it is whole", async () => {
  await using live = await withLog(() => ({
    chunks: (async function* () {
      yield await Promise.resolve("first\n");
      throw new Error("Coder went away");
    })(),
  }));
  await assert.rejects(live.call("namespaces/n/gadgets/a/log"));
  await until(
    () => live.logLines.some(({ message }) => message === "a stream of text broke"),
    "it is logged",
  );
});

Deno.test("a client that goes away ends the stream", async () => {
  let signal: AbortSignal | undefined;
  await using live = await withLog((_, context) => {
    signal = context.signal;
    return {
      chunks: (async function* () {
        yield "first\n";
        await new Promise((resolve) => context.signal.addEventListener("abort", resolve));
      })(),
    };
  });
  const answer = await live.open("namespaces/n/gadgets/a/log?follow=true");
  for await (const _ of answer) break;
  answer.destroy();
  await until(() => signal?.aborted === true, "it is told to stop");
});

Deno.test("a client that does not read is waited for", async () => {
  let sent = 0;
  await using live = await withLog(() => ({
    chunks: (async function* () {
      for (; sent < 2_000; sent++) yield await Promise.resolve("x".repeat(65_536));
    })(),
  }));
  const slow = await Deno.connectTls({ hostname: "localhost", port: live.port, caCerts: [live.caPem] });
  await slow.write(
    new TextEncoder().encode(
      "GET /apis/gadgets.coder.test/v1alpha1/namespaces/n/gadgets/a/log HTTP/1.1\r\nHost: x\r\nx-user: jane\r\n\r\n",
    ),
  );
  await until(() => sent > 0, "it begins");
  let before = -1;
  while (before !== sent) {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assert.ok(sent > 0 && sent < 1_000, `${sent} pieces`);
  const stuck = sent;
  const piece = new Uint8Array(1 << 20);
  while (sent < stuck + 100) assert.ok(await slow.read(piece) !== null);
  slow.close();
});

Deno.test("streams end when the server does", async () => {
  let reason: unknown;
  await using live = await withLog((_, { signal }) => {
    signal.addEventListener("abort", () => reason = signal.reason);
    return {
      chunks: (async function* () {
        yield "first\n";
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
      })(),
    };
  });
  const answer = await live.open("namespaces/n/gadgets/a/log?follow=true");
  const pieces = answer[Symbol.asyncIterator]();
  assert.equal(String((await pieces.next()).value), "first\n");
  const draining = live.server.drain({ delayMs: 0, graceMs: 60_000 });
  assert.equal((await pieces.next()).done, true);
  assert.equal(answer.complete, true);
  await draining;
  assert.match(String(reason), /shuts down/);
});

Deno.test("what the server ends itself says so where it can, also when it begins as the server goes", async () => {
  const opened = Promise.withResolvers<void>();
  const goesOn = Promise.withResolvers<void>();
  const live = await LiveServer.start({});
  live.storage.put(gadget("n", "a"));
  live.storage.subresources = {
    log: {
      verbs: ["get"],
      async stream(_, query, { signal }) {
        if (query.has("late")) {
          opened.resolve();
          await goesOn.promise;
        }
        return {
          farewell: "--- bye\n",
          chunks: (async function* () {
            yield "first\n";
            await new Promise((resolve) => signal.addEventListener("abort", resolve));
          })(),
        };
      },
    },
  };
  await using _ = live;
  const early = live.open("namespaces/n/gadgets/a/log");
  const late = live.open("namespaces/n/gadgets/a/log?late");
  const pieces = (await early)[Symbol.asyncIterator]();
  assert.equal(String((await pieces.next()).value), "first\n");
  await opened.promise;
  const draining = live.server.drain({ delayMs: 0, graceMs: 60_000 });
  assert.equal(String((await pieces.next()).value), "--- bye\n");
  assert.equal((await pieces.next()).done, true);
  goesOn.resolve();
  let text = "";
  for await (const piece of await late) text += piece;
  assert.match(text, /--- bye\n$/);
  await draining;
});
