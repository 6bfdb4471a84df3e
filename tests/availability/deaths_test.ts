import assert from "node:assert/strict";
import { BROKE_OFF, Deaths } from "./deaths.ts";

Deno.test("what was asked before somebody was dead, and broke off after, met the death; nothing else did", async () => {
  const deaths = new Deaths();
  const before = performance.now();
  assert.equal(deaths.met(before), false, "nobody died");
  let between = 0;
  await deaths.during(() => {
    between = performance.now();
    assert.ok(deaths.met(between), "while it is being killed");
    return Promise.resolve();
  });
  assert.ok(deaths.met(before) && deaths.met(between));
  const dead = performance.now();
  while (performance.now() === dead) { /* The clock has steps. */ }
  assert.equal(deaths.met(performance.now()), false, "asked of those who live");
});

Deno.test("a kill that fails is over, too", async () => {
  const deaths = new Deaths();
  await assert.rejects(deaths.during(() => Promise.reject(new Error("no such process"))), /no such process/);
  const after = performance.now();
  while (performance.now() === after) { /* The clock has steps. */ }
  assert.equal(deaths.met(performance.now()), false);
});

Deno.test("only an answer that broke off is one that a death may explain", () => {
  for (
    const text of [
      "Error from server (ServiceUnavailable): error trying to reach service: EOF",
      "error trying to reach service: read tcp 127.0.0.1:1->127.0.0.1:2: read: connection reset by peer",
      "unexpected error when reading response body. Please retry. Original error: unexpected EOF",
    ]
  ) assert.match(text, BROKE_OFF);
  for (const text of ["error trying to reach service: dial tcp: connection refused", "Forbidden", ""]) {
    assert.doesNotMatch(text, BROKE_OFF);
  }
});
