import assert from "node:assert/strict";
import { callerOf, clusterOf } from "../../../tests/mcp/coder_rig.ts";
import type { AccessRequest } from "../../kube/reviews.ts";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import { Sights } from "./sights.ts";

const signal = () => AbortSignal.timeout(60_000);
const namespaceOf = (request: AccessRequest) => "namespace" in request ? request.namespace : undefined;
const many = Array.from({ length: 200 }, (_, index) => `ns-${index}`);

Deno.test("who sees all namespaces is asked about once, however many there are", async () => {
  const sights = new Sights({ clock: new FakeClock() });
  const { cluster, asked } = clusterOf((request) => namespaceOf(request) === undefined);
  assert.equal((await sights.seen(many, callerOf("ann"), cluster, signal())).size, 200);
  assert.deepEqual(asked.map(({ verb }) => verb), ["list"]);
});

Deno.test("who sees some is asked about each, and answers count for ten seconds", async () => {
  const clock = new FakeClock();
  const sights = new Sights({ clock });
  const { cluster, asked } = clusterOf((request) =>
    namespaceOf(request) === "ns-7" && request.verb === "get"
  );
  const seen = async () => [...await sights.seen(many, callerOf("ann"), cluster, signal())];
  assert.deepEqual(await seen(), ["ns-7"]);
  const questions = asked.length;
  await clock.advance(9_999);
  assert.deepEqual(await seen(), ["ns-7"]);
  assert.equal(asked.length, questions);
  await clock.advance(1);
  await seen();
  assert.ok(asked.length > questions);
});

Deno.test("answers about one caller are none about another", async () => {
  const sights = new Sights({ clock: new FakeClock() });
  const all = clusterOf(() => true);
  const nothing = clusterOf(() => false);
  assert.equal((await sights.seen(["a"], callerOf("ann"), all.cluster, signal())).size, 1);
  assert.equal((await sights.seen(["a"], callerOf("bob"), nothing.cluster, signal())).size, 0);
});

Deno.test("what could not be found out is asked again", async () => {
  const sights = new Sights({ clock: new FakeClock() });
  const may = () => Promise.reject(new Error("away"));
  await assert.rejects(sights.seen(["a"], callerOf("ann"), { may }, signal()), /away/);
  const { cluster } = clusterOf(() => true);
  assert.equal((await sights.seen(["a"], callerOf("ann"), cluster, signal())).size, 1);
});

Deno.test("ever new callers do not fill the memory", async () => {
  const sights = new Sights({ clock: new FakeClock() });
  const { cluster, asked } = clusterOf(() => true);
  for (let index = 0; index < 8_193; index++) {
    await sights.seen(["a"], callerOf(`u${index}`), cluster, signal());
  }
  const before = asked.length;
  await sights.seen(["a"], callerOf("u8192"), cluster, signal());
  assert.equal(asked.length, before);
  await sights.seen(["a"], callerOf("u0"), cluster, signal());
  assert.equal(asked.length, before + 1);
});
