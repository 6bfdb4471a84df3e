import assert from "node:assert/strict";
import { Agent } from "node:https";
import { type Clock, systemClock } from "../../telemetry/clock.ts";
import { gadget } from "./testing/gadgets.ts";
import { Frames, LiveServer, until } from "./testing/live_server.ts";

/** How long a server goes on that is told to end: until `isOver`. */
const DELAY_MS = 123_456;

function delayClock(isOver: Promise<void>): Clock {
  return {
    now: () => systemClock.now(),
    setTimer(run, delayMs) {
      if (delayMs !== DELAY_MS) return systemClock.setTimer(run, delayMs);
      void isOver.then(run);
      return () => {};
    },
  };
}

Deno.test("a server ends in order: red, then refusing, with watches ended and requests in hand answered", async () => {
  const delay = Promise.withResolvers<void>();
  await using live = await LiveServer.start({ clock: delayClock(delay.promise) });
  live.storage.put(gadget("n", "a"));
  const watching = new Frames(await live.open("gadgets?watch=1&allowWatchBookmarks=1"));
  assert.deepEqual(await watching.told(1), ["ADDED a"]);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  await live.call("/version", { agent });
  const release = Promise.withResolvers<void>();
  live.storage.hook = (what) => what === "get" ? release.promise : undefined;
  const inHand = live.call("namespaces/n/gadgets/a");
  await until(
    () => live.metrics.get("apiserver_current_inflight_requests", { request_kind: "readOnly" }) === 1,
    "in hand",
  );

  const draining = live.server.drain({ delayMs: DELAY_MS, graceMs: 60_000 });
  // Load balancers need time to hear of it: meanwhile all is as before.
  assert.equal((await live.call("/readyz", { user: null })).code, 503);
  assert.equal((await live.call("/livez", { user: null })).code, 200);
  const meanwhile = await live.call("gadgets");
  assert.deepEqual([meanwhile.code, meanwhile.headers.connection], [200, "close"]);
  assert.equal(live.server.watches, 1);

  delay.resolve();
  // The first bookmark ended the state.
  assert.deepEqual(await watching.told(3), ["BOOKMARK", "BOOKMARK", "END"]);
  assert.equal(watching.answer.complete, true);
  await assert.rejects(live.call("gadgets"));
  release.resolve();
  const { code, headers } = await inHand;
  assert.deepEqual([code, headers.connection], [200, "close"]);
  await draining;
  agent.destroy();
});

Deno.test("requests that do not end in time are cut off", async () => {
  await using live = await LiveServer.start();
  live.storage.hook = () => new Promise(() => {});
  const hanging = live.call("gadgets");
  hanging.catch(() => {});
  await until(
    () => live.metrics.get("apiserver_current_inflight_requests", { request_kind: "readOnly" }) === 1,
    "in hand",
  );
  const started = performance.now();
  await live.server.drain({ delayMs: 0, graceMs: 200 });
  assert.ok(performance.now() - started < 30_000);
  await assert.rejects(hanging);
  assert.ok(
    live.logLines.some(({ level, message }) => level === "warn" && message.includes("did not end in time")),
  );
});

Deno.test("a watch that begins while the server drains ends as soon as it has told its state", async () => {
  await using live = await LiveServer.start();
  live.storage.put(gadget("n", "a"));
  const release = Promise.withResolvers<void>();
  live.storage.hook = () => release.promise;
  const late = live.open("gadgets?watch=1");
  await until(
    () => live.metrics.get("apiserver_current_inflight_requests", { request_kind: "readOnly" }) === 1,
    "in hand",
  );
  const draining = live.server.drain({ delayMs: 0, graceMs: 60_000 });
  release.resolve();
  const frames = new Frames(await late);
  assert.deepEqual(await frames.told(2), ["ADDED a", "END"]);
  await draining;
});

Deno.test("a server that has ended can be told to end again", async () => {
  const live = await LiveServer.start();
  await live.server.close();
  await live.server.close();
  await live.server.drain({ delayMs: 0, graceMs: 0 });
});

Deno.test("connections that would be kept end with the watches on them", async () => {
  await using live = await LiveServer.start();
  const started = performance.now();
  const request =
    "GET /apis/gadgets.coder.test/v1alpha1/gadgets?watch=1 HTTP/1.1\r\nHost: x\r\nx-user: jane\r\n\r\n";
  const answers = [live.raw(request), live.raw(request)];
  await until(() => live.server.watches === 2, "both watch");
  await live.server.drain({ delayMs: 0, graceMs: 60_000 });
  for (const text of await Promise.all(answers)) assert.match(text, /^HTTP\/1\.1 200 OK[^]*\r\n0\r\n\r\n$/);
  assert.ok(performance.now() - started < 50_000);
  assert.equal(live.server.connections, 0);
  assert.deepEqual(live.logLines.filter(({ level }) => level === "warn"), []);
});

Deno.test("a connection on which nothing was asked keeps nobody waiting", async () => {
  await using live = await LiveServer.start();
  const silent = (await live.connect()).on("error", () => {});
  await until(() => live.server.connections === 1, "it is open");
  const started = performance.now();
  await live.server.drain({ delayMs: 0, graceMs: 60_000 });
  assert.ok(performance.now() - started < 50_000);
  silent.destroy();
  assert.deepEqual(live.logLines.filter(({ level }) => level === "warn"), []);
});
