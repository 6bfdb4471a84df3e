import assert from "node:assert/strict";
import { z } from "zod";
import { answerList, count, flag, list, some, text, texts, time } from "./lenient.ts";

const STRANGE = [undefined, null, {}, [], Symbol.iterator];

Deno.test("what is not as expected is left out", () => {
  for (const value of STRANGE) {
    assert.equal(text.parse(value), "");
    assert.equal(count.parse(value), 0);
    assert.equal(flag.parse(value), false);
    assert.equal(time.parse(value), undefined);
    assert.equal(some.parse(value), undefined);
    assert.deepEqual(texts.parse(value), {});
    assert.deepEqual(list(z.string()).parse(value), []);
  }
  assert.deepEqual([text.parse("x"), count.parse(3), flag.parse(true), some.parse("x")], ["x", 3, true, "x"]);
  assert.deepEqual(texts.parse({ env: "gpu", zone: 3, owner: "" }), { env: "gpu", owner: "" });
  assert.deepEqual(list(z.string()).parse(["a", 3, "b"]), ["a", "b"]);
});

Deno.test("what Go sends for nothing is nothing", () => {
  assert.equal(time.parse("0001-01-01T00:00:00Z"), undefined);
  assert.equal(time.parse("yesterday"), undefined);
  assert.equal(time.parse("2026-11-22T08:00:00.5+01:00"), "2026-11-22T08:00:00.5+01:00");
  assert.equal(some.parse("00000000-0000-0000-0000-000000000000"), undefined);
  assert.equal(some.parse(""), undefined);
  assert.deepEqual(answerList(z.string()).parse(null), []);
});

Deno.test("an answer that is no list is none, and not an empty one", () => {
  for (const value of ["<html>", {}, 3, undefined]) {
    assert.equal(answerList(z.string()).safeParse(value).success, false);
  }
});
