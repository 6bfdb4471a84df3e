import assert from "node:assert/strict";
import { Gateways } from "../../api/gateway.ts";
import { FakeInformer, make } from "../../reconciler/testing/fakes.ts";
import type { Tools } from "../pass/step.ts";
import { gatewayLookup, seesGateways } from "./gateways.ts";

function world(namespaces: string[] = []) {
  const gateways = new FakeInformer(Gateways);
  const tools = { kinds: { gateways }, namespaces } as unknown as Tools;
  return { gateways, tools };
}

Deno.test("a Gateway is looked for where the route is, unless it says where", () => {
  const { gateways, tools } = world();
  gateways.put(make(Gateways, "edge", { namespace: "a" }));
  gateways.put(make(Gateways, "edge", { namespace: "net" }));
  const lookup = gatewayLookup("a", tools);
  assert.equal(lookup({ name: "edge" })?.metadata.namespace, "a");
  assert.equal(lookup({ name: "edge", namespace: "net" })?.metadata.namespace, "net");
  assert.equal(lookup({ name: "edge", namespace: "b" }), undefined);
});

Deno.test("what is not in the cache is missing only where the cache sees all of it", () => {
  const { gateways, tools } = world();
  assert.equal(seesGateways("a", tools), true);
  assert.equal(seesGateways("a", world(["b"]).tools), false);
  assert.equal(seesGateways("b", world(["a", "b"]).tools), true);
  for (const [field, value] of [["exists", false], ["hasSynced", false], ["trouble", "forbidden"]] as const) {
    Object.assign(gateways, { exists: true, hasSynced: true, trouble: "", [field]: value });
    assert.equal(seesGateways("a", tools), false, field);
  }
});
