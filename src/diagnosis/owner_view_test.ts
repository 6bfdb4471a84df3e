import assert from "node:assert/strict";
import { seeOwner, since } from "./owner_steps.ts";
import { conditionIn, controlPlaneOf, ownerView, subjectOwner } from "./owner_view.ts";
import { nameInCoder, ownProxy } from "./proxy_view.ts";
import { ago, coderProxy, controlPlane, factsOf, proxy, seen, unread } from "./rules/platform/testing.ts";
import { NOW } from "./testing.ts";

Deno.test("an object is read with its name in all forms, and when its spec was written last", () => {
  const managedFields = [
    { operation: "Update", time: ago(500) },
    { operation: "Update", subresource: "status", time: ago(5) },
    { operation: "Apply", time: "never" },
  ];
  const view = ownerView("controlplane", controlPlane({ metadata: { managedFields } }));
  assert.deepEqual(
    [view.kind, view.resource, view.about, view.ref, view.generation, view.observedGeneration],
    ["CoderControlPlane", "codercontrolplane", "control plane lab/coder", "lab/coder", 2, 2],
  );
  assert.equal(view.changedAt, NOW - 500_000);
  assert.equal(conditionIn(view, "Ready")?.status, "True");
  assert.equal(conditionIn(view, "Unheard"), undefined);
});

Deno.test("an object without anything is read, too", () => {
  for (const odd of [undefined, null, 7, [], {}]) {
    const { name, changedAt, conditions, spec } = ownerView("proxy", odd);
    assert.deepEqual([name, changedAt, conditions, spec], ["", 0, [], {}]);
  }
});

Deno.test("the subject is found by its kind, and the control plane that it belongs to", () => {
  assert.equal(subjectOwner(factsOf("controlplane"))?.about, "control plane lab/coder");
  assert.equal(subjectOwner(factsOf("proxy"))?.about, "workspace proxy lab/paris");
  assert.equal(subjectOwner(factsOf("workspace")), undefined);
  assert.equal(subjectOwner(factsOf("proxy", { proxy: unread() })), undefined);
  assert.equal(controlPlaneOf(factsOf("proxy"))?.ref, "lab/coder");
  assert.equal(controlPlaneOf(factsOf("proxy", { controlPlane: unread() })), undefined);
});

Deno.test("a proxy's name in Coder is that of its registration, of its spec, or its own", () => {
  const named = (parts: object) => nameInCoder(ownerView("proxy", proxy(parts)));
  assert.equal(
    named({ status: { registration: { name: "old" } }, spec: { registration: { proxyName: "new" } } }),
    "old",
  );
  assert.equal(
    named({ status: { registration: undefined }, spec: { registration: { proxyName: "new" } } }),
    "new",
  );
  assert.equal(named({ status: { registration: undefined }, spec: { bootstrap: { proxyName: "b" } } }), "b");
  assert.equal(named({ status: { registration: undefined } }), "paris");
  const facts = factsOf("proxy", { coderProxies: seen([coderProxy({ name: "primary" }), coderProxy()]) });
  assert.equal(ownProxy(facts, subjectOwner(facts)!)?.name, "paris");
});

Deno.test("what the operator says of an object is one call away", () => {
  assert.deepEqual(seeOwner(ownerView("proxy", proxy())), {
    text: "See what the operator says of it.",
    command: "kubectl -n lab describe coderworkspaceproxy paris",
    tool: { name: "get_workspace_proxy_status", arguments: { namespace: "lab", name: "paris" } },
  });
  assert.deepEqual([since(0), since(NOW)], ["", " since 2026-11-22T08:00:00Z"]);
});
