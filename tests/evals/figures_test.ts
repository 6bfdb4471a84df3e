import assert from "node:assert/strict";
import { figuresOf, isCall, nameOf, textOf } from "./figures.ts";
import type { Exchange } from "./recorder.ts";

const exchange = (method: string, more: Partial<Exchange> = {}): Exchange => ({
  method,
  params: {},
  status: 200,
  bytesIn: 10,
  bytesOut: 100,
  ms: 1.4,
  result: undefined,
  error: undefined,
  ...more,
});
const asked = (name: string, text: string, more: Partial<Exchange> = {}) =>
  exchange("tools/call", {
    params: { name, arguments: { namespace: "lab" } },
    result: { content: [{ type: "text", text }], structuredContent: { much: "more" } },
    ...more,
  });

Deno.test("calls of tools, resources and prompts are counted, and nothing else", () => {
  const figures = figuresOf([
    exchange("initialize"),
    exchange("tools/list", { result: { tools: [{ name: "a" }] } }),
    asked("get_workspace", "hello world"),
    exchange("resources/read", { params: { uri: "coder://x" }, result: { contents: [{ text: "file" }] } }),
    exchange("GET"),
  ], "the answer");
  assert.deepEqual([figures.calls, figures.requests], [2, 5]);
  assert.deepEqual(figures.bytes, { in: 20, out: 200 });
  assert.deepEqual(figures.names, ["get_workspace", "coder://x"]);
  assert.equal(figures.serverMs, 3);
  assert.ok(isCall({ method: "prompts/get" }) && !isCall({ method: "ping" }));
});

Deno.test("tokens are those of the text that a model reads, and of what it writes", () => {
  const { tokens } = figuresOf([asked("get_workspace", "hello world")], "yes");
  // `hello world` are two, `get_workspace {"namespace":"lab"}` some more, `yes` is one.
  assert.equal(tokens.in, 2);
  assert.ok(tokens.out > 5 && tokens.out < 15, String(tokens.out));
  assert.equal(tokens.listing, 0);
  const listing = [exchange("tools/list", { result: { tools: [{ name: "a" }] } }), exchange("tools/list")];
  assert.ok(figuresOf(listing).tokens.listing > 3);
});

Deno.test("a model reads errors, files and prompts, too", () => {
  assert.equal(textOf({ result: undefined, error: { message: "no such tool" } }), "no such tool");
  assert.equal(textOf({ result: { contents: [{ text: "a" }, { blob: "eA==" }] }, error: undefined }), "a");
  assert.equal(textOf({ result: { messages: [{ content: { text: "do" } }] }, error: undefined }), "do");
  assert.equal(textOf({ result: { content: "odd" }, error: undefined }), "");
  assert.equal(nameOf({ params: {} }), "");
});
