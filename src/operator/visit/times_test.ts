import assert from "node:assert/strict";
import { rfc3339 } from "./times.ts";

Deno.test("times have whole seconds, as the API stores them, and are read as the same moment", () => {
  assert.equal(rfc3339(new Date("2026-01-02T03:04:05Z")), "2026-01-02T03:04:05Z");
  assert.equal(rfc3339(new Date("2026-01-02T03:04:05.999Z")), "2026-01-02T03:04:05Z");
  const later = rfc3339(new Date("2026-01-02T03:04:06Z"));
  assert.ok(Date.parse(later) > Date.parse(rfc3339(new Date("2026-01-02T03:04:05.999Z"))));
});
