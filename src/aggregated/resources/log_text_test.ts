import assert from "node:assert/strict";
import type { BuildLogLine } from "../../inventory/mod.ts";
import { ByteLimit, LogText, plainText } from "./log_text.ts";

let ids = 0;
const line = (stage: string, output: string, changes: Partial<BuildLogLine> = {}): BuildLogLine => ({
  id: ids++,
  created_at: "2026-01-01T00:00:01.5Z",
  log_level: "info",
  stage,
  output,
  ...changes,
});

function textOf(lines: BuildLogLine[], options: { timestamps?: boolean; since?: number } = {}): string[] {
  const text = new LogText({ timestamps: false, ...options });
  return lines.flatMap((one) => text.textsOf(one));
}

Deno.test("every stage has a heading, and every line its own line", () => {
  assert.deepEqual(
    textOf([
      line("Setting up", ""),
      line("Planning infrastructure", ""),
      line("Planning infrastructure", "Terraform 1.9"),
      line("Planning infrastructure", ""),
      line("Planning infrastructure", "Plan: 1 to add"),
      line("Starting workspace", "begun at once"),
      line("", "of no stage"),
      line("Starting workspace", "done"),
    ]),
    [
      "==> Setting up",
      "==> Planning infrastructure",
      "Terraform 1.9",
      "",
      "Plan: 1 to add",
      "==> Starting workspace",
      "begun at once",
      "of no stage",
      "done",
    ],
  );
});

Deno.test("levels are shown where they are not the usual one", () => {
  assert.deepEqual(
    textOf([
      line("", "a"),
      line("", "b", { log_level: "" }),
      line("", "c", { log_level: "warn" }),
      line("", "d", { log_level: "error" }),
    ]),
    ["a", "b", "[warn] c", "[error] d"],
  );
});

Deno.test("what is said in several lines is several lines, each with its level and time", () => {
  assert.deepEqual(textOf([line("Init", "a lock file\nhas been made\r\n\nnow\n", { log_level: "warn" })]), [
    "==> Init",
    "[warn] a lock file",
    "[warn] has been made",
    "[warn] ",
    "[warn] now",
  ]);
  assert.deepEqual(textOf([line("", "a\nb")], { timestamps: true }), [
    "2026-01-01T00:00:01.500Z a",
    "2026-01-01T00:00:01.500Z b",
  ]);
});

Deno.test("times stand before every line, headings included", () => {
  assert.deepEqual(textOf([line("Setting up", "x", { log_level: "error" })], { timestamps: true }), [
    "2026-01-01T00:00:01.500Z ==> Setting up",
    "2026-01-01T00:00:01.500Z [error] x",
  ]);
});

Deno.test("what is older is left out, and the stage is told with the first line that is shown", () => {
  const lines = [
    line("Planning", ""),
    line("Planning", "old"),
    line("Planning", "new", { created_at: "2026-01-01T00:00:05+00:00" }),
  ];
  assert.deepEqual(textOf(lines, { since: Date.parse("2026-01-01T00:00:05Z") }), ["==> Planning", "new"]);
});

Deno.test("what a template writes is one line, and tells a terminal nothing", () => {
  assert.equal(plainText("\x1b[1m\x1b[31mError:\x1b[0m no"), "Error: no");
  assert.equal(plainText("\x1b]0;title\x07done"), "done");
  assert.equal(plainText("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\"), "link");
  assert.equal(plainText("one\ntwo\r\nthree\n"), "one\\ntwo\\nthree");
  assert.equal(plainText("50 %\r100 %"), "50 %100 %");
  assert.equal(plainText("a\tb"), "a\tb");
  assert.equal(plainText("\u202egnp.exe\u0000\u009b31m\u2028"), "gnp.exe31m");
  assert.equal(plainText("größe – 漢字 🚀"), "größe – 漢字 🚀");
  assert.deepEqual(textOf([line("a\n==> b", "x")]), ["==> a\\n==> b", "x"]);
});

Deno.test("no text whatever leads out of its line", () => {
  for (let code = 0; code < 0x3000; code++) {
    const text = plainText(`a${String.fromCharCode(code)}b`);
    // deno-lint-ignore no-control-regex -- that there are none is what is tested
    assert.ok(!/[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]/.test(text), code.toString(16));
  }
});

Deno.test("bytes are counted, and no character is cut", () => {
  const limit = new ByteLimit(5);
  assert.equal(limit.take("ab"), "ab");
  assert.equal(limit.isReached, false);
  assert.equal(limit.take("cü"), "cü");
  assert.equal(limit.isReached, true);
  assert.equal(new ByteLimit(3).take("aüü"), "aü");
  const half = new ByteLimit(2);
  assert.equal(half.take("aü"), "a");
  assert.equal(half.isReached, true);
  const none = new ByteLimit();
  assert.equal(none.take("x".repeat(10)), "x".repeat(10));
  assert.equal(none.isReached, false);
});
