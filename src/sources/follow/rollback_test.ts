import assert from "node:assert/strict";
import { TEMPLATE, workspaceOf } from "./testing.ts";
import { type Built, verdictOf } from "./rollback.ts";

const AT = Date.parse("2026-01-01T00:00:00Z");
const watched = { version: "v2", at: "2026-01-01T00:00:00Z", until: "2026-01-01T01:00:00Z" };
const verdict = (workspaces: readonly Built[], failedBuilds = 2) =>
  verdictOf(workspaces, TEMPLATE, watched, failedBuilds, ({ name }) => name.startsWith("canary-"));
const of = (id: string, status: string, version = "v2", at = AT + 1_000, more = {}) =>
  workspaceOf(id, version, status, at, more);

Deno.test("so many different workspaces that could not be started make a version bad", () => {
  assert.equal(verdict([]), "open");
  assert.equal(verdict([of("a", "failed")]), "open");
  assert.equal(verdict([of("a", "failed"), of("a", "failed")]), "open");
  assert.equal(verdict([of("a", "failed"), of("b", "failed")]), "bad");
  assert.equal(verdict([of("a", "failed")], 1), "bad");
});

Deno.test("one that could be started makes it good", () => {
  assert.equal(verdict([of("a", "failed"), of("b", "failed"), of("c", "running")]), "good");
});

Deno.test("other versions, other templates, other times, stops and trials say nothing of it", () => {
  const others = [
    of("a", "failed", "v1"),
    of("b", "failed", "v2", AT - 1_000),
    of("c", "failed", "v2", AT + 3_700_000),
    of("d", "failed", "v2", AT + 1_000, { transition: "stop" }),
    of("canary-1", "failed"),
    { ...of("e", "failed"), template_id: "other" },
    of("f", "pending"),
  ];
  assert.equal(verdict(others, 1), "open");
});
