import assert from "node:assert/strict";
import { debugReport } from "./debug_report.ts";

let time = Date.parse("2026-11-22T10:00:00Z");
const handler = debugReport({ activity: () => ({ sessions: 2 }), now: () => time });
const get = (path: string, base = "http://127.0.0.1:6060", method = "GET") =>
  handler(new Request(`${base}${path}`, { method }));

Deno.test("heap and activity are told as data", async () => {
  time += 5_000;
  assert.deepEqual(await get("/debug/activity").json(), {
    startedAt: "2026-11-22T10:00:00.000Z",
    uptimeSeconds: 5,
    sessions: 2,
  });
  const heap = await get("/debug/heap").json();
  assert.ok(heap.process.rss > 0);
  assert.ok(heap.heap.used_heap_size > 0);
  assert.ok(heap.spaces.length > 0);
});

Deno.test("a snapshot is one that tools can load", async () => {
  const { snapshot } = await get("/debug/heap/snapshot").json();
  assert.ok(snapshot.node_count > 1_000);
});

Deno.test("it is read on this machine alone, and by its own names", async () => {
  assert.equal(get("/debug/heap", "http://evil.test:6060").status, 403);
  assert.equal(get("/debug/heap", "http://[::1]:6060").status, 200);
  assert.equal(get("/debug/heap", "http://localhost:6060", "POST").status, 405);
  const open = debugReport({ activity: () => ({}), isOpen: true });
  assert.equal(open(new Request("http://10.0.0.1:6060/debug/heap")).status, 200);
  assert.equal(open(new Request("http://10.0.0.1:6060/debug/heap/snapshot")).status, 403);
  assert.match(await get("/").text(), /debug\/heap\/snapshot/);
  assert.equal(get("/nothing").status, 404);
});
