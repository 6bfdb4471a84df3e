import assert from "node:assert/strict";
import { parseQuantity, sameQuantity } from "./quantity.ts";

Deno.test("quantities of the same amount are the same, however they are written", () => {
  const same: [unknown, unknown][] = [
    ["1", "1000m"],
    [1, "1"],
    [0.5, "500m"],
    ["1Gi", "1073741824"],
    ["1.5Gi", "1536Mi"],
    ["1e3", "1k"],
    ["1E3", "1000"],
    ["1E", "1000P"],
    ["0", "0m"],
    ["-1", "-1000m"],
    ["+2", "2"],
    [".5", "500m"],
    ["5.", "5"],
    ["100u", "100000n"],
    ["12e-2", "120m"],
    ["1Ei", "1152921504606846976"],
    [1e21, "1000E"],
  ];
  for (const [left, right] of same) assert.equal(sameQuantity(left, right), true, `${left} = ${right}`);
});

Deno.test("quantities of different amounts are not the same, however close", () => {
  const different: [unknown, unknown][] = [
    ["1", "1001m"],
    ["1Gi", "1G"],
    ["1", "-1"],
    ["9007199254740993", "9007199254740992"],
    ["1n", "0"],
  ];
  for (const [left, right] of different) assert.equal(sameQuantity(left, right), false, `${left} ≠ ${right}`);
});

Deno.test("what is no quantity equals nothing, not even itself", () => {
  for (
    const text of [
      "",
      ".",
      "m",
      "1x",
      "1 ",
      "Gi",
      "1KiB",
      "0x10",
      "1e9999",
      "1".repeat(65),
      null,
      {},
      Infinity,
    ]
  ) {
    assert.equal(parseQuantity(text), undefined, String(text));
    assert.equal(sameQuantity(text, text), false, String(text));
  }
});
