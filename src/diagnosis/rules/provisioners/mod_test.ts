import assert from "node:assert/strict";
import { conclude } from "../../engine.ts";
import { PROVISIONER_RULES } from "./mod.ts";
import { daemon, facts, offline, pod, provisioner, seen } from "./testing.ts";

Deno.test("objects of any shape break no rule", () => {
  const odd = [null, 1, "x", [], {}, { spec: 3, status: [] }, {
    metadata: { name: 7, namespace: {} },
    spec: { key: "x", replicas: "two", controlPlaneRef: 1, autoscale: 4, tags: { a: {} } },
    status: { conditions: [null, { type: 1 }], key: [] },
  }];
  for (const one of odd) {
    for (const changes of [{ provisioner: seen(one) }, { controlPlane: seen(one) }, { pods: seen([one]) }]) {
      for (const rule of PROVISIONER_RULES) {
        assert.ok(Array.isArray(rule.find(offline(changes as never))), `${rule.id} ${JSON.stringify(one)}`);
      }
    }
  }
});

Deno.test("a provisioner that is well, or scaled to zero, has no cause and says how it is", () => {
  const well = conclude(facts(), PROVISIONER_RULES);
  assert.deepEqual(well.causes, []);
  assert.equal(well.healthy, true);
  assert.equal(
    well.state,
    "1 of 1 pods are ready; 1 daemon (1 idle, 0 busy) is connected, with the tags env=gpu.",
  );
  const zero = conclude(
    offline({ provisioner: seen(provisioner({ spec: { replicas: 0 } })), pods: seen([]) }),
    PROVISIONER_RULES,
  );
  assert.equal(zero.healthy, true);
  assert.equal(zero.state, "It is scaled to zero: no pod is wanted, as spec.replicas says.");
});

Deno.test("a key that is gone is named before the connection that follows from it", () => {
  const { causes, state } = conclude(
    facts({ daemons: seen([daemon({ status: "offline" })]), keys: seen([]) }),
    PROVISIONER_RULES,
  );
  assert.deepEqual(causes.map(({ rule }) => rule), ["provisioner-key-revoked", "provisioner-not-connected"]);
  assert.equal(state, "1 of 1 pods are ready, and no daemon is connected to Coder.");
});

Deno.test("pods that start are no failure", () => {
  const { causes, healthy } = conclude(offline({ pods: seen([pod({ readyFor: 5 })]) }), PROVISIONER_RULES);
  assert.deepEqual(causes, []);
  assert.equal(healthy, false);
});
