import assert from "node:assert/strict";
import { fakeWorld } from "../diagnosis/testing.ts";
import { Gatherer } from "./gatherer.ts";

const WORLD = {
  ...fakeWorld({}),
  build: {},
  redaction: {
    text: (text: string) => text.replaceAll("secret", "[redacted]"),
    value: <T>(value: T) => value,
  },
  raw: () => Promise.resolve(""),
};
const signal = new AbortController().signal;
const gatherer = () => new Gatherer(WORLD, { signal }, signal);

Deno.test("of a text that is too long the end is kept, and that is said", () => {
  const gathered = gatherer();
  gathered.text("long.log", "a log", 4, `${"a".repeat(1_000_000)}end`);
  const [file] = gathered.files;
  assert.match(file!.text, /^… 3 characters before this were left out\na+end$/);
  assert.deepEqual(gathered.gaps, [{ what: "long.log", why: "only its end is there: it is too long" }]);
});

Deno.test("paths are redacted and lead nowhere", () => {
  const gathered = gatherer();
  gathered.text("a/../secret/./x y", "", 1, "");
  assert.equal(gathered.files[0]!.path, "a/_redacted_/x_y");
});

Deno.test("what was tried and failed is a gap in one line, whatever was thrown", async () => {
  const gathered = gatherer();
  assert.equal(await gathered.tried("one", () => Promise.resolve(1)), 1);
  assert.equal(await gathered.tried("two", () => Promise.reject(new Error("a\nsecret"))), undefined);
  assert.equal(await gathered.tried("three", () => Promise.reject("odd".repeat(500))), undefined);
  assert.deepEqual(gathered.gaps[0], { what: "two", why: "a [redacted]" });
  assert.equal(gathered.gaps[1]!.why.length, 600);
});

Deno.test("nothing is tried any more once the time is over", async () => {
  const gathered = new Gatherer(WORLD, { signal }, AbortSignal.abort());
  assert.equal(await gathered.tried("late", () => new Promise(() => {})), undefined);
  assert.deepEqual(gathered.gaps, [{ what: "late", why: "no answer in time" }]);
});
