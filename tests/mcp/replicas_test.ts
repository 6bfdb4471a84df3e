/** Two replicas, routed at random: nothing is lost between them. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { CLIENT_1, LATEST } from "./clients.ts";
import { startEndpoint } from "./endpoint_rig.ts";
import { newSharedState } from "./fixture_world.ts";
import { routeRandomly } from "./random_routing.ts";
import { startRoundRobin } from "./round_robin.ts";

Deno.test("of hundreds of calls of both eras, routed at random to two replicas, none fails", async () => {
  const shared = newSharedState();
  const tokens = { a: "ann" };
  await using one = await startEndpoint({ shared, tokens, replica: "one" });
  await using two = await startEndpoint({ shared, tokens, replica: "two" });
  await using proxy = await startRoundRobin([one.url, two.url], {
    choose: (count) => Math.floor(Math.random() * count),
  });
  const result = await routeRandomly({
    url: proxy.url,
    token: "a",
    calls: 600,
    kinds: [CLIENT_1, LATEST],
    callsAConnection: 40,
  });
  assert.deepEqual(result.failures, []);
  assert.equal(result.calls, 600);
  assert.deepEqual(Object.keys(result.byReplica).toSorted(), ["one", "two"]);
  for (const [replica, calls] of Object.entries(result.byReplica)) {
    assert.ok(calls > 100, `${replica}: ${calls}`);
  }
});

Deno.test("what fails of a random run is told: a replica with other keys loses sessions", async () => {
  await using one = await startEndpoint({ replica: "one" });
  await using two = await startEndpoint({ replica: "two" });
  await using proxy = await startRoundRobin([one.url, two.url]);
  const result = await routeRandomly({ url: proxy.url, calls: 40, kinds: [CLIENT_1], callers: 1 });
  assert.ok(result.failures.length > 0);
  assert.equal(result.calls, 40);
});

Deno.test("replicas that are replaced one after the other, under calls of both eras, lose none", async () => {
  const shared = newSharedState();
  const start = (replica: string) => startEndpoint({ shared, replica });
  const replicas = [await start("a-0"), await start("b-0")];
  const urls = replicas.map(({ url }) => url);
  let serving = [0, 1];
  await using proxy = await startRoundRobin(urls, {
    choose: () => serving[Math.floor(Math.random() * serving.length)] ?? 0,
  });
  const enough = new AbortController();
  const run = routeRandomly({
    url: proxy.url,
    calls: 100_000,
    kinds: [CLIENT_1, LATEST],
    callsAConnection: 1_000,
    signal: enough.signal,
  });
  const callsAt = async (index: number) => {
    const seen = proxy.shares[index] ?? 0;
    await waitFor(() => (proxy.shares[index] ?? 0) > seen + 20, { what: "calls at it", intervalMs: 2 });
  };
  try {
    for (let turn = 1; turn <= 4; turn++) {
      const index = turn % 2;
      await callsAt(index);
      // As a Service does: nobody is sent there any more, for long enough.
      serving = [1 - index];
      await waitFor(() => proxy.waiting[index] === 0, { what: "the last call there", intervalMs: 2 });
      await replicas[index]?.stop();
      const next = await start(`${"ab"[index]}-${turn}`);
      replicas[index] = next;
      urls[index] = next.url;
      serving = [0, 1];
    }
    await callsAt(0);
    enough.abort();
    const { failures, calls, byReplica } = await run;
    assert.deepEqual(failures, []);
    assert.ok(calls > 100, `${calls} calls`);
    assert.deepEqual(Object.keys(byReplica).toSorted(), ["a-0", "a-2", "a-4", "b-0", "b-1", "b-3"]);
  } finally {
    enough.abort();
    await run;
    for (const replica of replicas) await replica.stop();
  }
});
