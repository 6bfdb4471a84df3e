import assert from "node:assert/strict";
import type { Backend } from "../../inventory/mod.ts";
import { Health } from "../../telemetry/health.ts";
import { FakeClock, settle } from "../../telemetry/testing/fake_clock.ts";
import { aggregatedServer, type ServingOptions } from "./server.ts";

/** Everything that the server waits for, in the test's hand. */
function rig(options: Partial<ServingOptions> = {}) {
  const clock = new FakeClock();
  const events: string[] = [];
  const synced = Promise.withResolvers<void>();
  const certified = Promise.withResolvers<void>();
  const health = new Health();
  const part = (name: string) => (signal: AbortSignal) => {
    events.push(`${name} runs`);
    const { promise, resolve } = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => {
      events.push(`${name} ends`);
      resolve();
    }, { once: true });
    return promise;
  };
  const waiting = <T>(promise: Promise<T>, signal: AbortSignal) =>
    Promise.race([
      promise,
      new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    ]);
  const backends: Backend[] = [];
  const troubles = { authentication: "", certificate: "" };
  const runnable = aggregatedServer({
    server: {
      listen: (address) => {
        events.push("listens");
        return Promise.resolve(address);
      },
      drain: ({ delayMs, graceMs } = {}) => {
        events.push(`drains ${delayMs} ${graceMs}`);
        return Promise.resolve();
      },
      close: () => Promise.resolve(void events.push("closes")),
      watches: 0,
      connections: 0,
    },
    address: { hostname: "127.0.0.1", port: 1 },
    authentication: {
      run: part("authentication"),
      whenSynced: (signal: AbortSignal) => waiting(synced.promise, signal),
      get trouble() {
        return troubles.authentication;
      },
    } as unknown as ServingOptions["authentication"],
    certificate: {
      run: part("certificate"),
      whenReady: (signal: AbortSignal) => waiting(certified.promise, signal),
      get trouble() {
        return troubles.certificate;
      },
    } as unknown as ServingOptions["certificate"],
    backends: { run: part("backends"), list: () => backends } as unknown as ServingOptions["backends"],
    health,
    shutdownDelayMs: 5,
    graceMs: 7,
    selfTest: () => Promise.resolve({ passed: true, checks: [], runtime: "Deno" }),
    clock,
    ...options,
  });
  const end = new AbortController();
  const readiness = () => health.check("readiness").find(({ name }) => name === "aggregated-api")?.trouble;
  return { runnable, clock, events, synced, certified, backends, troubles, readiness, end };
}

function backend(states: Partial<Record<"workspaces" | "templates", object>>, waiting?: string): Backend {
  return { waiting, copy: { state: (kind: "workspaces" | "templates") => states[kind] ?? {} } } as never;
}

Deno.test("it listens when callers can be known, a certificate is there, and the first lists are", async () => {
  const there = rig();
  const states: Record<string, object> = {};
  there.backends.push(backend(states), backend({}, "gives no access yet"));
  const running = there.runnable.run(there.end.signal);
  there.troubles.authentication = "ConfigMap x cannot be read";
  await settle();
  assert.equal(
    there.readiness(),
    "waiting for the API server's authentication settings; ConfigMap x cannot be read",
  );
  there.troubles.authentication = "";
  there.synced.resolve();
  await settle();
  assert.equal(there.readiness(), "waiting for a serving certificate");
  there.certified.resolve();
  await there.clock.advance(100);
  assert.equal(there.readiness(), "waiting for the first lists of Coder");
  states["workspaces"] = { completeAt: 1 };
  await there.clock.advance(100);
  assert.equal(there.readiness(), "waiting for the first lists of Coder");
  states["templates"] = { trouble: { error: new Error("away"), failures: 1, since: 0 } };
  await there.clock.advance(100);
  assert.equal(there.readiness(), "");
  assert.ok(there.events.includes("listens"));
  there.events.length = 0;
  there.end.abort();
  await running;
  assert.deepEqual(there.events.slice(0, 2), ["drains 5 7", "closes"]);
  assert.deepEqual(there.events.slice(2).sort(), [
    "authentication ends",
    "backends ends",
    "certificate ends",
  ]);
});

Deno.test("a Coder that says nothing at all holds it up for a quarter of a minute, and no longer", async () => {
  const there = rig();
  there.backends.push(backend({}));
  const running = there.runnable.run(there.end.signal);
  there.synced.resolve();
  there.certified.resolve();
  await there.clock.advance(14_900);
  assert.equal(there.events.includes("listens"), false);
  await there.clock.advance(200);
  assert.equal(there.events.includes("listens"), true);
  there.end.abort();
  await running;
});

Deno.test("a stop while it still waits ends it without a word", async () => {
  const there = rig();
  const running = there.runnable.run(there.end.signal);
  await settle();
  there.end.abort();
  await running;
  assert.equal(there.events.includes("listens"), false);
  assert.equal(there.events.filter((event) => event.endsWith(" ends")).length, 3);
});

Deno.test("a runtime that does not verify client certificates serves nothing, and ends the process", async () => {
  const checks = [
    { name: "a stranger is told from the API server", passed: false, detail: "it was authorized" },
    { name: "another", passed: true, detail: "" },
  ];
  const there = rig({ selfTest: () => Promise.resolve({ passed: false, checks, runtime: "Deno 1.0" }) });
  await assert.rejects(
    there.runnable.run(there.end.signal),
    /Deno 1\.0 does not verify client certificates .*stranger is told from the API server \(it was authorized\)\. Use/,
  );
  assert.deepEqual(there.events, []);
});

Deno.test("a port that is taken ends the process, and everything else with it", async () => {
  const taken = new Error("the port is taken");
  const { runnable, events, synced, certified, end } = rig({
    server: {
      listen: () => Promise.reject(taken),
      close: () => Promise.resolve(),
      drain: () => Promise.resolve(),
      watches: 0,
      connections: 0,
    },
  });
  synced.resolve();
  certified.resolve();
  await assert.rejects(runnable.run(end.signal), taken);
  assert.equal(events.filter((event) => event.endsWith(" ends")).length, 3);
});

Deno.test("nothing is served before what is kept beside Coder is known", async () => {
  const kept = Promise.withResolvers<void>();
  const events: string[] = [];
  const there = rig({
    beside: [{
      name: "what is kept beside Coder",
      whenSynced: () => kept.promise,
      run: async (signal) => {
        events.push("runs");
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        events.push("ends");
      },
    }],
  });
  const running = there.runnable.run(there.end.signal);
  there.synced.resolve();
  there.certified.resolve();
  await there.clock.advance(100);
  assert.equal(there.readiness(), "waiting for what is kept beside Coder");
  assert.deepEqual([events, there.events.includes("listens")], [["runs"], false]);
  kept.resolve();
  await there.clock.advance(100);
  assert.equal(there.events.includes("listens"), true);
  there.end.abort();
  await running;
  assert.deepEqual(events, ["runs", "ends"]);
});
