import assert from "node:assert/strict";
import type { McpAuditRecord } from "../../mcp/surface.ts";
import { FakeClock, settle } from "../../telemetry/testing/fake_clock.ts";
import { Board } from "../board.ts";
import { LiveCluster, visitorOf } from "../testing.ts";
import type { CallRow } from "../types.ts";
import { calls, type CallsOptions, LastCalls, teeAudit } from "./calls.ts";

const record = (more: Partial<McpAuditRecord> = {}): McpAuditRecord => ({
  time: "2026-11-22T04:00:00.000Z",
  level: "info",
  method: "tools/call",
  caller: "ann",
  caller_method: "token",
  tool: "list_workspaces",
  arguments: { namespace: "secret" },
  duration_ms: 12,
  success: true,
  changed: false,
  ...more,
});

async function running(last: LastCalls, seesAll: CallsOptions["seesAll"] = () => Promise.resolve(false)) {
  const clock = new FakeClock();
  const abort = new AbortController();
  const board = new Board();
  const visitor = () => visitorOf("ann", new LiveCluster().cluster);
  const source = calls({ last, seesAll });
  const ended = source.run({ visitor, board, signal: abort.signal, clock, now: Date.now });
  await settle();
  return {
    clock,
    rows: () => [...board.ids("calls")].map((id) => board.row("calls", id) as CallRow),
    async end() {
      abort.abort();
      await ended;
      assert.equal(clock.pendingTimers, 0);
    },
  };
}

Deno.test("one's own calls are shown, without what was sent, and new ones as they come", async () => {
  const last = new LastCalls();
  last.write(record());
  last.write(record({ caller: "bob" }));
  last.write(record({ caller_method: "proxy" }));
  const { rows, clock, end } = await running(last);
  assert.deepEqual(rows(), [{
    id: "1",
    at: "2026-11-22T04:00:00.000Z",
    caller: "ann",
    tool: "list_workspaces",
    session: "",
    ms: 12,
    success: true,
    changed: false,
    message: "",
  }]);
  await clock.advance(250);
  last.write(record({ success: false, error: "forbidden", message: "you may not", session_id: "s" }));
  await clock.advance(250);
  assert.deepEqual(rows().map(({ success, message, session }) => [success, message, session]), [
    [true, "", ""],
    [false, "you may not", "s"],
  ]);
  await end();
});

Deno.test("who may see all sees all, and of others neither addresses nor messages", async () => {
  const last = new LastCalls();
  const uri = "coder-k8s://workspaces/lab/acme.bob.secret";
  last.write(
    record({ caller: "bob", method: "resources/read", tool: uri, error: "not_found", message: `no ${uri}` }),
  );
  last.write(record({ method: "resources/read", tool: uri, error: "not_found", message: `no ${uri}` }));
  const { rows, end } = await running(last, () => Promise.resolve(true));
  assert.deepEqual(rows().map(({ caller, tool, message }) => [caller, tool, message]), [
    ["bob", "resources/read", "not_found"],
    ["ann", uri, `no ${uri}`],
  ]);
  await end();
});

Deno.test("whether somebody may see all is asked anew each minute; where nobody can say, they do not", async () => {
  const last = new LastCalls();
  last.write(record({ caller: "bob" }));
  const answers = [true, new Error("away"), false];
  let asked = 0;
  const { rows, clock, end } = await running(last, () => {
    const answer = answers[asked++] ?? false;
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  });
  assert.equal(rows().length, 1);
  await clock.advance(61_000);
  assert.deepEqual([rows().length, asked], [0, 2]);
  await end();
});

Deno.test("only the last are kept, and both sinks get all", async () => {
  const last = new LastCalls();
  let written = 0;
  const sink = teeAudit(() => written++, last.write);
  for (let count = 0; count < 1_000; count++) sink(record());
  assert.deepEqual([written, last.calls.length, last.calls.at(-1)?.id], [1_000, 200, "1000"]);
  const { rows, end } = await running(last);
  assert.equal(rows().length, 200);
  await end();
});
