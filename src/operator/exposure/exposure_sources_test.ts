import assert from "node:assert/strict";
import { Gateways, HTTPRoutes } from "../../api/gateway.ts";
import { keyText } from "../../api/object.ts";
import { FakeInformer, make } from "../../reconciler/testing/fakes.ts";
import type { WorkloadKinds } from "../../workload/kinds.ts";
import { type Widget, widget, Widgets } from "../testing.ts";
import { exposureSources, gatewaysOf } from "./exposure_sources.ts";

const named = (name: string, parentRefs?: unknown): Widget =>
  widget(parentRefs === undefined ? {} : { expose: { gateway: { host: "a", parentRefs } } }, { name });

function world() {
  const owners = new FakeInformer(Widgets);
  const [gateways, httpRoutes] = [new FakeInformer(Gateways), new FakeInformer(HTTPRoutes)];
  const sources = exposureSources(owners, { gateways, httpRoutes } as unknown as WorkloadKinds);
  const keys: string[] = [];
  for (const source of sources) source.start((key) => keys.push(keyText(key)));
  return { owners, gateways, httpRoutes, take: () => keys.splice(0) };
}

Deno.test("those with a route are woken when the Gateway API comes or goes, the others are not", () => {
  const { owners, gateways, httpRoutes, take } = world();
  owners.put(named("route", [{ name: "edge" }]));
  owners.put(named("none"));
  for (const informer of [httpRoutes, gateways]) {
    for (const exists of [false, true]) {
      informer.setExists(exists);
      assert.deepEqual(take(), ["a/route"]);
    }
  }
});

Deno.test("a Gateway wakes those that name it, in whichever namespace it is", () => {
  const { owners, gateways, take } = world();
  owners.put(named("here", [{ name: "edge" }]));
  owners.put(named("there", [{ name: "x" }, { name: "edge", namespace: "net" }]));
  gateways.put(make(Gateways, "edge", { namespace: "a" }));
  assert.deepEqual(take(), ["a/here"]);
  gateways.put(make(Gateways, "edge", { namespace: "net" }));
  assert.deepEqual(take(), ["a/there"]);
  gateways.put(make(Gateways, "edge", { namespace: "other" }));
  assert.deepEqual(take(), []);
});

Deno.test("objects of any shape name no Gateway rather than breaking the index", () => {
  assert.deepEqual(
    gatewaysOf(named("c", [{ name: " edge ", namespace: " " }, { name: "b", namespace: " n " }])),
    [
      "a/edge",
      "n/b",
    ],
  );
  for (const parents of [undefined, "edge", [null], [{}], [{ name: 1 }], ["edge"]]) {
    assert.deepEqual(gatewaysOf(named("c", parents)), [], JSON.stringify(parents));
  }
  for (const spec of [{ expose: null }, { expose: { gateway: "edge" } }, { expose: ["gateway"] }]) {
    assert.deepEqual(gatewaysOf(widget(spec)), [], JSON.stringify(spec));
  }
});
