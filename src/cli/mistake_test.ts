import assert from "node:assert/strict";
import { describeMistakes, quote } from "./mistake.ts";

Deno.test("one mistake is one line, and where to read more", () => {
  assert.equal(
    describeMistakes([{ where: "--x", what: "unknown flag" }]),
    'coder-k8s: --x: unknown flag\nRun "coder-k8s --help" to see what is possible.\n',
  );
});

Deno.test("several mistakes are counted and listed", () => {
  const text = describeMistakes([
    { where: "--x", what: "unknown flag" },
    { where: "", what: "nothing fits" },
    { where: "CODER_K8S_Y", what: "must be a number" },
  ], "coder-k8s help version");
  assert.equal(
    text,
    "coder-k8s: 3 mistakes\n  - --x: unknown flag\n  - nothing fits\n  - CODER_K8S_Y: must be a number\n" +
      'Run "coder-k8s help version" to see what is possible.\n',
  );
});

Deno.test("a quoted URL has neither user nor password", () => {
  assert.equal(quote("https://admin:hunter2@coder.example.com/@x"), '"https://***@coder.example.com/@x"');
  assert.equal(quote(["a=https://p@ss@coder", "b=http://c"]), '["a=https://***@coder","b=http://c"]');
  assert.equal(quote("https://coder.example.com/@alice"), '"https://coder.example.com/@alice"');
});

Deno.test("a quoted value is short, on one line, and cannot forge another", () => {
  assert.equal(quote("a"), '"a"');
  assert.equal(quote("two\nlines\x1b[31m"), '"two\\nlines\\u001b[31m"');
  assert.equal(quote(["a", 1]), '["a",1]');
  assert.equal(quote(undefined), "undefined");
  assert.equal(quote(12), "12");
  const long = quote("x".repeat(500));
  assert.equal(long.length, 80);
  assert.ok(long.endsWith("..."));
});
