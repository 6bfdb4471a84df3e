import assert from "node:assert/strict";
import { later, timeOf, unlessEmpty } from "./metadata.ts";

Deno.test("times become UTC with whole seconds", () => {
  assert.equal(timeOf("2026-05-01T12:00:00.999+02:00"), "2026-05-01T10:00:00Z");
  assert.equal(timeOf("2026-05-01T10:00:00Z"), "2026-05-01T10:00:00Z");
});

Deno.test("no time, Go's zero time and nonsense are none", () => {
  for (const text of [null, undefined, "", "0001-01-01T00:00:00Z", "0001-12-31T23:59:59Z", "soon"]) {
    assert.equal(timeOf(text), undefined, String(text));
  }
});

Deno.test("the later of two times is found where there is one", () => {
  assert.equal(later("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"), "2026-01-02T00:00:00Z");
  assert.equal(later("2026-01-03T00:00:00Z", "2026-01-02T00:00:00Z"), "2026-01-03T00:00:00Z");
  assert.equal(later(undefined, "2026-01-02T00:00:00Z"), "2026-01-02T00:00:00Z");
  assert.equal(later(undefined, undefined), undefined);
});

Deno.test("an empty value is no field", () => {
  assert.deepEqual(unlessEmpty("a", ""), {});
  assert.deepEqual(unlessEmpty("a", undefined), {});
  assert.deepEqual(unlessEmpty("a", "b"), { a: "b" });
});
