import assert from "node:assert/strict";
import { EventParser, type SentEvent } from "./sse.ts";

const all = (chunks: string[]) => {
  const parser = new EventParser();
  return chunks.flatMap((chunk) => parser.take(chunk));
};

Deno.test("events are what the format says, by whatever line ends", () => {
  const events: SentEvent[] = [{ name: "rows", data: `{"a":1}` }, { name: "message", data: "x\ny" }];
  const text = `: keep-alive\n\nevent: rows\ndata: {"a":1}\nid: 7\nretry: 5\n\ndata: x\ndata:y\n\n`;
  for (const end of ["\n", "\r\n", "\r"]) {
    assert.deepEqual(
      all([text.replaceAll("\n", end), end === "\r" ? ":\r:" : ""]),
      events,
      JSON.stringify(end),
    );
  }
  assert.deepEqual(all(["event: lonely\n\ndata: x\n\n"]), [{ name: "message", data: "x" }]);
  assert.deepEqual(all(["data: not over"]), []);
  assert.deepEqual(all(["data\n\n"]), [{ name: "message", data: "" }]);
});

Deno.test("however it is cut, it is the same", () => {
  const text =
    "event: a\r\ndata: one\r\ndata: two\r\n\r\nevent: b\ndata: {}\n\n: x\n\nevent: c\rdata: three\r\r:";
  const whole = all([text]);
  assert.equal(whole.length, 3);
  for (let first = 0; first <= text.length; first++) {
    for (const second of [first, first + 1, first + 7]) {
      assert.deepEqual(all([text.slice(0, first), text.slice(first, second), text.slice(second)]), whole);
    }
  }
  assert.deepEqual(all([...text]), whole);
});

Deno.test("what has no end is not kept", () => {
  const parser = new EventParser();
  assert.throws(() => {
    for (let count = 0; count < 40; count++) parser.take("x".repeat(2 ** 20));
  }, /longer than any should be/);
  const many = new EventParser();
  assert.throws(() => {
    for (let count = 0; count < 40; count++) many.take(`data: ${"x".repeat(2 ** 20)}\n`);
  }, /longer than any should be/);
});
