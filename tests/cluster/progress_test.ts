import assert from "node:assert/strict";
import { type ProgressSink, SILENT, standardError, step } from "./progress.ts";
import { waitFor } from "./wait.ts";

function recorder(isTerminal: boolean): ProgressSink & { text: string } {
  return {
    isTerminal,
    text: "",
    write(text: string) {
      this.text += text;
    },
  };
}

Deno.test("without a terminal a step is two plain lines", async () => {
  const sink = recorder(false);
  assert.equal(await step(sink, "etcd", () => Promise.resolve(7)), 7);
  assert.match(sink.text, /^ {2}etcd …\n {2}etcd: done, \d+ s\n$/);
});

Deno.test("on a terminal the line is rewritten in place", async () => {
  const sink = recorder(true);
  await step(sink, "etcd", () => Promise.resolve());
  // deno-lint-ignore no-control-regex -- the terminal's own
  assert.match(sink.text, /^ {2}etcd …(\r\x1b\[K {2}etcd … \d+ s)*\r\x1b\[K {2}etcd: done, \d+ s\n$/);
});

Deno.test("the time that passes is shown on a terminal", async () => {
  const sink = recorder(true);
  // deno-lint-ignore no-control-regex -- the terminal's own
  const shown = /\r\x1b\[K {2}etcd … [1-9]\d* s/;
  assert.equal(
    await step(sink, "etcd", () => waitFor(() => shown.test(sink.text), { what: "a line with the time" })),
    true,
  );
});

Deno.test("a step that fails says so and passes the error on", async () => {
  const sink = recorder(false);
  await assert.rejects(step(sink, "kwok", () => Promise.reject(new Error("no"))), /no/);
  assert.match(sink.text, /kwok: failed, \d+ s\n$/);
});

Deno.test("progress goes to standard error, or nowhere", () => {
  assert.equal(standardError().isTerminal, Deno.stderr.isTerminal());
  assert.equal(SILENT.write("anything"), undefined);
});
