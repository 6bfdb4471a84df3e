import assert from "node:assert/strict";
import { recordingLogger } from "../../../kube/testing/recording_logger.ts";
import { noMetrics } from "../../../telemetry/metrics.ts";
import { settle } from "../../../telemetry/testing/fake_clock.ts";
import { exchangeOf } from "../testing/exchanges.ts";
import { RecordingOutlet } from "../testing/outlets.ts";
import { streamText } from "./text_stream.ts";
import { WatchRegistry } from "./watch_registry.ts";

/** Chunks that come when a test wants. */
function source() {
  const { readable, writable } = new TransformStream<string, string>();
  const writer = writable.getWriter();
  return {
    chunks: readable as unknown as AsyncIterable<string>,
    say: async (text: string) => {
      await writer.write(text);
      await settle();
    },
    end: async () => {
      await writer.close();
      await settle();
    },
    fail: async (error: Error) => {
      await writer.abort(error);
      await settle();
    },
  };
}

function rig() {
  const watches = new WatchRegistry(noMetrics.counter("ends", ""));
  const { logger: log, lines } = recordingLogger();
  const exchange = exchangeOf();
  let begun = 0;
  exchange.onBegun.push(() => begun++);
  const from = source();
  const outlet = new RecordingOutlet();
  const answer = streamText({ chunks: from.chunks }, exchange, { watches, log });
  answer.run(outlet);
  return { watches, lines, exchange, from, outlet, answer, begun: () => begun };
}

Deno.test("chunks are written as they come, and the end is the end", async () => {
  const { from, outlet, answer, begun, watches } = rig();
  assert.deepEqual([answer.contentType, begun(), watches.size], ["text/plain", 1, 1]);
  await from.say("a\n");
  await from.say("b\n");
  assert.deepEqual([outlet.pieces, outlet.state], [["a\n", "b\n"], "open"]);
  await from.end();
  assert.equal(outlet.state, "ended");
  outlet.close();
  assert.equal(watches.size, 0);
});

Deno.test("nothing more is taken from the source while the client is slow", async () => {
  const { from, outlet } = rig();
  outlet.isSlow = true;
  await from.say("a");
  const second = from.say("b");
  const third = from.say("c");
  await settle();
  assert.deepEqual(outlet.pieces, ["a"]);
  outlet.drain();
  await Promise.all([second, third]);
  await settle();
  assert.deepEqual(outlet.pieces, ["a", "b", "c"]);
});

Deno.test("a source that fails cuts the connection and is logged", async () => {
  const { from, outlet, lines } = rig();
  await from.say("a");
  await from.fail(new Error("Coder went away"));
  assert.equal(outlet.state, "destroyed");
  assert.deepEqual([lines.length, lines[0]?.level, lines[0]?.fields["auditId"]], [1, "warn", "audit-1"]);
});

Deno.test("the server's end is an end in order, and stops the work", async () => {
  const { watches, outlet, exchange, from, lines } = rig();
  watches.finishAll();
  assert.deepEqual([outlet.state, exchange.signal.aborted], ["ended", true]);
  await from.fail(new Error("aborted"));
  assert.deepEqual(lines, []);
});

Deno.test("a client that goes away is not written to any more", async () => {
  const { outlet, from, watches } = rig();
  outlet.close();
  await from.say("a").catch(() => {});
  assert.deepEqual([outlet.pieces, watches.size], [[], 0]);
});
