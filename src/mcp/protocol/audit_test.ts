import assert from "node:assert/strict";
import { CALLER } from "../testing.ts";
import { auditRecord, type CallFacts, digestOf } from "./audit.ts";

const facts: CallFacts = { method: "tools/call", target: "get_workspace", arguments: {}, caller: CALLER };
const end = { startedAt: Date.parse("2026-01-02T03:04:05.678Z"), endedAt: 0, changed: false };

Deno.test("a record says who called what, when, for how long, and how it went", () => {
  assert.deepEqual(
    auditRecord({
      ...facts,
      arguments: { namespace: "lab", name: "acme.ann.dev" },
      sessionId: "0123456789abcdef",
      traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    }, { ...end, endedAt: end.startedAt + 12.4, changed: true }),
    {
      time: "2026-01-02T03:04:05.678Z",
      level: "info",
      method: "tools/call",
      caller: "ann",
      caller_method: "token",
      tool: "get_workspace",
      arguments: { namespace: "lab", name: "acme.ann.dev" },
      session_id: "0123456789abcdef",
      workspace_id: "lab/acme.ann.dev",
      trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
      duration_ms: 12,
      success: true,
      changed: true,
    },
  );
  const failed = auditRecord(facts, { ...end, error: "not_found", message: "m".repeat(300) });
  assert.deepEqual([failed.level, failed.success, failed.error, failed.duration_ms], [
    "warn",
    false,
    "not_found",
    0,
  ]);
  assert.equal(failed.message, `${"m".repeat(256)}[44 more characters]`);
});

Deno.test("a workspace is told where a tool is about one, and nowhere else", () => {
  const of = (more: Partial<CallFacts>) => auditRecord({ ...facts, ...more }, end).workspace_id;
  const named = { namespace: "lab", name: "a" };
  assert.equal(of({ arguments: named }), "lab/a");
  assert.equal(of({ arguments: named, target: "get_template" }), undefined);
  assert.equal(of({ arguments: named, method: "prompts/get" }), undefined);
  assert.equal(of({ arguments: { namespace: "lab", name: "" } }), undefined);
  assert.equal(of({ arguments: { name: 7 } }), undefined);
  assert.equal(of({ arguments: null }), undefined);
});

Deno.test("no secret and nothing without end is on record", () => {
  const deep = { a: { b: { c: { d: 1 } } } };
  const { arguments: shown } = auditRecord({
    ...facts,
    arguments: {
      planToken: "p.l.a.n",
      password: { inner: "x" },
      session_token: "t",
      text: "x".repeat(1_000),
      list: Array.from({ length: 30 }, (_, at) => at),
      many: Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`k${at}`, true])),
      deep,
      plain: [null, 1, false],
    },
  }, end);
  const fields = shown as Record<string, unknown>;
  assert.deepEqual(
    [fields["planToken"], fields["password"], fields["session_token"]],
    Array(3).fill("[redacted]"),
  );
  assert.equal((fields["text"] as string).length, 256 + "[744 more characters]".length);
  assert.equal((fields["list"] as unknown[]).at(-1), "[10 more]");
  assert.equal((fields["many"] as Record<string, unknown>)["…"], "10 more");
  assert.deepEqual(fields["deep"], { a: { b: { c: "[too deep]" } } });
  assert.deepEqual(fields["plain"], [null, 1, false]);
});

Deno.test("what is no trace is none", () => {
  for (const text of [undefined, "", "00-xyz-1-01", `00-${"0".repeat(32)}-00f067aa0ba902b7-01`]) {
    assert.ok(!("trace_id" in auditRecord({ ...facts, traceparent: text }, end)));
  }
});

Deno.test("contents of sandboxes are on record by hash and size, with where they went", () => {
  const args = { path: "a", contents: "hunter2" };
  const { arguments: shown, session_id, workspace_id } = auditRecord(
    { ...facts, arguments: args, isPrivate: true },
    { ...end, provenance: { session: "sess-a", workspace: "w1/sess-a" } },
  );
  assert.deepEqual([session_id, workspace_id], ["sess-a", "w1/sess-a"]);
  assert.deepEqual(shown, digestOf(args));
  assert.deepEqual(digestOf({ contents: "hunter2", path: "a" }), {
    sha256: "a25275d7c5d525b10555102f68adceab15e1a756f69b9c9ac3e5f524e8c141f2",
    bytes: 33,
  });
  assert.equal(digestOf(undefined).bytes, 2);
});
