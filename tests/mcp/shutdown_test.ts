/** W-9: the server ends at once whatever is open, and leaves nothing behind that keeps the process alive. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { startEndpoint } from "./endpoint_rig.ts";
import { beginSession, modern, open, rpc, send } from "./raw.ts";

const LISTEN = { accept: "text/event-stream", "content-type": undefined };
const hang = rpc("tools/call", { name: "hang", _meta: { progressToken: 1 } });

Deno.test("W-9: with streams and subscriptions open, a stop waits for none of them, and ends a call after its grace", async () => {
  const rig = await startEndpoint();
  const sessions = await Promise.all(Array.from({ length: 20 }, () => beginSession(rig.url)));
  const streams = await Promise.all(
    sessions.map((session) => open(rig.url, { method: "GET", headers: { ...session, ...LISTEN } })),
  );
  const listen = modern("subscriptions/listen", { notifications: { toolsListChanged: true } });
  const subscription = await open(rig.url, listen);
  const call = await open(rig.url, { body: hang, headers: sessions[0] ?? {} });
  assert.deepEqual([...new Set(streams.map(({ status }) => status)), subscription.status, call.status], [
    200,
    200,
    200,
  ]);
  await waitFor(() => rig.traces.hanging === 1, { what: "a call in hand", intervalMs: 5 });
  const began = performance.now();
  await rig.stop(200);
  const took = performance.now() - began;
  assert.ok(took < 10_000, `it took ${took} ms`);
  await Promise.all([...streams, subscription, call].map(({ ended }) => ended));
  assert.equal(rig.traces.ended, 1);
  await assert.rejects(send(rig.url, { body: hang }), /ECONNREFUSED|refused/);
  await rig.stop();
});

Deno.test("W-9: a process that serves ends by itself with exit code 0 after its stop, with streams open", async () => {
  const script = new URL("./serve_http.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value: url = "" } = await lines.read();
  const session = await beginSession(url.trim());
  const stream = await open(url.trim(), { method: "GET", headers: { ...session, ...LISTEN } });
  const subscription = await open(
    url.trim(),
    modern("subscriptions/listen", { notifications: { toolsListChanged: true } }),
  );
  assert.deepEqual([stream.status, subscription.status], [200, 200]);
  const began = performance.now();
  await child.stdin.close();
  const { code } = await child.status;
  const took = performance.now() - began;
  await Promise.all([stream.ended, subscription.ended]);
  await lines.cancel();
  assert.equal(code, 0);
  assert.ok(took < 10_000, `it took ${took} ms`);
});
