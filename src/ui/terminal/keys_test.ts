import assert from "node:assert/strict";
import { keysOf } from "./keys.ts";

const kinds = (text: string) => keysOf(text).map((key) => key.kind === "text" ? key.text : key.kind);

Deno.test("keys are known by what terminals send for them", () => {
  assert.deepEqual(kinds("\x1b[A\x1b[B\x1bOC\x1b[5~\x1b[6~\x1b[H\x1b[4~\x1b[Z"), [
    "up",
    "down",
    "right",
    "pageup",
    "pagedown",
    "home",
    "end",
    "backtab",
  ]);
  assert.deepEqual(kinds("\r\t\x7f\x03\x15\x0c"), [
    "enter",
    "tab",
    "backspace",
    "interrupt",
    "clear",
    "redraw",
  ]);
  assert.deepEqual(kinds("qé日"), ["q", "é", "日"]);
  assert.deepEqual(kinds("\x1b"), ["escape"]);
});

Deno.test("what is not known is no key, and does not hide others", () => {
  assert.deepEqual(kinds("\x1b[99~\x1b[1;5Ca\x00\x1b[200~b"), ["a", "b"]);
  assert.deepEqual(kinds(""), []);
});

Deno.test("whatever comes, it ends", () => {
  let seed = 3;
  const random = (below: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
  const pieces = ["\x1b", "[", "O", "5", "~", "A", "\ud83d", "\x00", "x", ";"];
  for (let round = 0; round < 2_000; round++) {
    const text = Array.from({ length: random(12) }, () => pieces[random(pieces.length)]).join("");
    assert.ok(keysOf(text).length <= text.length);
  }
});
