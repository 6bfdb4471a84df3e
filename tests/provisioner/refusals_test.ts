/** Coders that refuse: how often they are asked about keys, and how little the API server has to do with it. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import type { FakeCoder, FaultAction } from "../fake-coder/mod.ts";
import { tooManyRequests } from "../fake-coder/mod.ts";
import { provisioners } from "../operator/compose.ts";
import { OPERATOR_USER } from "../operator/install.ts";
import { nothingLeft, rotated } from "./key_witness.ts";
import { KEYS_ROUTE, ProvisionerRig } from "./rig.ts";

/** As long as the Go operator was watched, which asked 4,579 times. */
const WINDOW_MS = 35_000;
const MOST_REQUESTS = 4;

/** New keys are refused, in some way. */
function refuse(action: FaultAction): (fake: FakeCoder) => () => void {
  return ({ faults }) => faults.add({ method: "POST", route: KEYS_ROUTE, times: Infinity, action });
}

/** How Coder refuses, by control plane, which has one provisioner of the same name. */
const WAYS: Readonly<Record<string, (fake: FakeCoder) => () => unknown>> = {
  limited: refuse(tooManyRequests(null)),
  asks: ({ faults }) => faults.rateLimit(60),
  fails: refuse({ do: "answer", reply: { status: 500, json: { message: "no" } } }),
  forgets: refuse({ do: "loseAnswer" }),
  breaks: refuse({ do: "dropRequest" }),
  gone: (fake) => {
    fake.stop();
    return () => fake.start();
  },
  // Somebody changes its spec all the while.
  changes: refuse(tooManyRequests(null)),
};
const NAMES = Object.keys(WAYS);

Deno.test("a Coder that refuses is asked at most four times in 35 s, without a loop, and used once it is well", async () => {
  await using rig = await ProvisionerRig.start("refused", { coders: NAMES.map((name) => ({ name })) });
  const homes = new Map(rig.coders.map((home) => [home.name, home]));
  let laterMs = 0;
  await using operator = await rig.operator(provisioners({ now: () => new Date(Date.now() + laterMs) }));
  for (const name of NAMES) await rig.provisioner(name, { controlPlaneRef: { name }, tags: { round: "1" } });
  const keys = new Map();
  for (const name of NAMES) {
    await rig.podsReady(name);
    await rig.settled(name);
    await nothingLeft(rig, name);
    keys.set(name, rig.keyInCoder(await rig.key(name), homes.get(name)));
  }
  const heal = NAMES.map((name) => WAYS[name]?.(homes.get(name)!.fake));
  const mark = await rig.cluster.audit.mark();
  const passes = new Map(NAMES.map((name) => [name, operator.passes(name)]));
  const since = performance.now();
  for (const name of NAMES) await rig.provisioners.change(name, { spec: { tags: { round: "2" } } });
  let round = 2;
  await waitFor(async () => {
    await rig.provisioners.change("changes", {
      spec: { tags: { round: `${round++}` }, replicas: round % 2 + 1 },
    });
    return performance.now() - since >= WINDOW_MS;
  }, { what: "the time to pass", timeoutMs: 2 * WINDOW_MS, intervalMs: 500 });
  const made = new Map(NAMES.map((name) => [name, operator.passes(name) - (passes.get(name) ?? 0)]));
  await rig.provisioners.change("changes", { spec: { tags: { round: "2" }, replicas: 1 } });

  for (const name of NAMES) {
    // The window may have come out longer than it should be.
    const calls = homes.get(name)!.fake.requests.filter(({ at, route = "" }) =>
      at >= since && at < since + WINDOW_MS && /provisionerkeys/.test(route)
    ).map(({ method, route }) => `${method} ${route}`);
    assert.ok(calls.length <= MOST_REQUESTS, `${name}: ${calls.join(", ")}`);
    if (name !== "gone") assert.ok(calls.length > 0, `${name} was asked`);
  }
  const audit = await rig.cluster.audit.since(mark);
  for (const name of NAMES) {
    const writes = audit.writes(OPERATOR_USER).filter((each) =>
      each.resource === "coderprovisioners" && each.namespace === rig.namespace && each.name === name
    );
    assert.ok(writes.every(({ subresource }) => subresource === "status"));
    // A pass that has written may not have ended yet; one that lost a race against the user writes again.
    const all = await operator.again(name) - (passes.get(name) ?? 0);
    const done = writes.filter(({ code }) => code === 200).length;
    assert.ok(done <= all, `${name}: ${done} writes in ${all} passes`);
    if (name !== "changes") assert.ok(made.get(name)! <= 20, `${name}: ${made.get(name)} passes`);
    await waitFor(async () => (await rig.provisioners.stored(name)).status?.readyReplicas === 1, {
      what: `${name}: its pods to go on`,
    });
    // The one that they run with is good, whatever became of the next.
    const key = rig.keyInCoder(await rig.key(name), homes.get(name));
    assert.equal(key?.id, keys.get(name).id);
  }
  const { reason } = await rig.provisioners.condition("limited", "ProvisionerKeyReady", "False");
  assert.equal(reason, "RateLimited");

  // Later, and without anybody's doing, Coder is well. After a 429, it is left alone for a minute of the real clock.
  for (const end of heal) await end?.();
  laterMs = 600_000;
  for (const name of ["fails", "forgets", "breaks", "gone"]) {
    operator.visit(name);
    await rotated(rig, keys.get(name), { name, home: homes.get(name)! });
    await rig.settled(name, { Ready: "True", Degraded: "False", ProvisionerKeyReady: "True" });
  }
});
