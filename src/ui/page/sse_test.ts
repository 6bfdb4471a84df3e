import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import { MAX_EVENT, SseError, sseEvents, SseParser } from "./sse.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const all = (...texts: string[]) => {
  const parser = new SseParser();
  return texts.flatMap((text) => parser.feed(bytes(text)));
};

Deno.test("events with names, data of several lines, comments and fields that are not used", () => {
  deepEqual(
    all(': hello\nretry: 3\nid: 7\nevent: rows\ndata: {"a":\ndata:1}\n\ndata: x\n\nevent: none\n\n:\n\n'),
    [{ event: "rows", data: '{"a":\n1}' }, { event: "message", data: "x" }],
  );
  deepEqual(all("data\n\n"), [{ event: "message", data: "" }], "a field without a colon has an empty value");
  deepEqual(all("data:  x\n\n"), [{ event: "message", data: " x" }], "one blank is no part of the value");
  deepEqual(all("\ufeffdata: x\n\n"), [{ event: "message", data: "x" }], "a byte order mark is none of it");
  deepEqual(all("data: half"), [], "what is not whole is not told");
});

Deno.test("lines end in any of three ways, wherever the pieces are cut", () => {
  deepEqual(all("data: a\r", "\n\r", "\ndata: b\r\r", "data: c\n\n"), [
    { event: "message", data: "a" },
    { event: "message", data: "b" },
    { event: "message", data: "c" },
  ]);
});

/** A generator of numbers that are the same each time. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % below;
  };
}

Deno.test("any text of events is the same whole and in pieces of any bytes", () => {
  const alphabet = [
    "data:",
    "data: ",
    "event: ",
    "event:",
    ":",
    "id: ",
    "a",
    "é",
    "🙂",
    " ",
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    "x\u0000",
  ];
  for (let seed = 1; seed <= 400; seed++) {
    const next = random(seed);
    let text = "";
    for (let length = next(60); length > 0; length--) text += alphabet[next(alphabet.length)];
    text += "\n\ndata: last\n\n";
    const whole = all(text);
    equal(whole.at(-1)?.data, "last");
    const parser = new SseParser();
    const encoded = bytes(text);
    const pieces = [];
    for (let at = 0; at < encoded.length;) {
      const length = 1 + next(7);
      pieces.push(...parser.feed(encoded.subarray(at, at + length)));
      at += length;
    }
    deepEqual(pieces, whole, `seed ${seed}`);
  }
});

Deno.test("bytes of any kind never break the parser", () => {
  const next = random(7);
  const parser = new SseParser();
  for (let round = 0; round < 500; round++) {
    const piece = Uint8Array.from({ length: next(50) }, () => next(256));
    for (const { event, data } of parser.feed(piece)) equal(typeof event + typeof data, "stringstring");
  }
});

Deno.test("an event that never ends is given up", () => {
  const parser = new SseParser();
  const piece = bytes("x".repeat(2 ** 20));
  parser.feed(bytes("data: "));
  throws(() => {
    for (let round = 0; round < MAX_EVENT / 2 ** 20 + 1; round++) parser.feed(piece);
  }, SseError);
  const lines = new SseParser();
  const line = bytes(`data: ${"x".repeat(2 ** 20)}\n`);
  throws(() => {
    for (let round = 0; round < MAX_EVENT / 2 ** 20 + 1; round++) lines.feed(line);
  }, SseError);
});

Deno.test("a body is read to its end, heard piece by piece, and given back by who stops early", async () => {
  let isCancelled = false;
  let heard = 0;
  const body = (endless: boolean) =>
    new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(bytes("data: x\n\n: beat\n\n"));
        if (!endless) controller.close();
      },
      cancel() {
        isCancelled = true;
      },
    });
  const events = [];
  for await (const { data } of sseEvents(body(false), () => heard++)) events.push(data);
  deepEqual([events, heard], [["x"], 1]);
  for await (const { data } of sseEvents(body(true))) {
    equal(data, "x");
    break;
  }
  equal(isCancelled, true);
  const broken = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new TypeError("gone")),
  });
  await rejects(async () => {
    for await (const _ of sseEvents(broken)) throw new Error("nothing comes of it");
  }, TypeError);
});
