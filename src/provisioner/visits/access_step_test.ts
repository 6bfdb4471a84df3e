import assert from "node:assert/strict";
import { changed } from "../../reconciler/testing/fakes.ts";
import { secretOf } from "../../operator/visit/control_plane_testing.ts";
import { VisitWorld } from "../../../tests/provisioner/visit_world.ts";

Deno.test("a control plane with its operator's token is all that is needed", async () => {
  await using world = await VisitWorld.start();
  const visit = await world.visit();
  assert.equal(world.said("ControlPlaneReady"), "True ControlPlaneAvailable");
  assert.equal(world.said("OperatorAccessReady"), "True OperatorAccessReady");
  assert.deepEqual(visit.home, {
    namespace: "a",
    name: "coder",
    deploymentId: world.coder.state.deploymentId,
    url: "http://coder.a.svc.cluster.local:80",
    tokenSecret: { name: "coder-operator-token", key: "token" },
  });
  assert.equal(visit.place?.controlPlane, "a/coder");
  assert.equal(world.coder.count({ route: "/api/v2/buildinfo" }), 1);
  await world.visit();
  assert.equal(world.coder.count({ route: "/api/v2/buildinfo" }), 1);
});

Deno.test("a control plane that is not there is told, and nobody is asked", async () => {
  await using world = await VisitWorld.start({ spec: { controlPlaneRef: { name: "nowhere" } } });
  const visit = await world.visit();
  assert.equal(world.said("ControlPlaneReady"), "False ControlPlaneUnavailable");
  assert.equal(world.said("OperatorAccessReady"), "Unknown ControlPlaneUnavailable");
  assert.equal(world.said("ExternalProvisionersEntitled"), "Unknown ControlPlaneUnavailable");
  assert.match(world.message("ControlPlaneReady"), /CoderControlPlane a\/nowhere does not exist/);
  assert.deepEqual(world.result?.report.troubles.map(({ reason }) => reason), ["ControlPlaneNotFound"]);
  assert.deepEqual(visit.home, { namespace: "a", name: "nowhere" });
  assert.equal(world.coder.count(), 0);
});

Deno.test("a control plane that has no access yet is the way of things; a token that is missing is trouble", async () => {
  await using world = await VisitWorld.start({ controlPlaneStatus: { operatorAccessReady: undefined } });
  await world.visit();
  assert.equal(world.said("ControlPlaneReady"), "True ControlPlaneAvailable");
  assert.equal(world.said("OperatorAccessReady"), "False OperatorAccessNotReady");
  assert.deepEqual(world.result?.report.troubles, []);
  const { controlPlane } = world.home;
  const status = { ...controlPlane.status, operatorAccessReady: true };
  world.put(changed(controlPlane, {}, { status }));
  world.put(secretOf({ namespace: "a", name: "coder-operator-token" }, {}, "2"));
  await world.visit();
  assert.equal(world.said("OperatorAccessReady"), "False OperatorTokenSecretUnavailable");
  assert.deepEqual(world.result?.report.troubles.map(({ reason }) => reason), [
    "OperatorTokenSecretUnavailable",
  ]);
});

Deno.test("a control plane of another namespace serves where it says so", async () => {
  await using world = await VisitWorld.start({
    spec: { controlPlaneRef: { name: "coder", namespace: "b" } },
  });
  const { controlPlane, coder } = await world.addHome({ metadata: { namespace: "b" } });
  await world.visit();
  assert.equal(world.said("ControlPlaneReady"), "False ControlPlaneUnavailable");
  world.put(changed(controlPlane, { annotations: { "coder.com/used-from": "a/prov" } }));
  await world.settle();
  assert.equal(world.isValid(coder), true);
  assert.equal(world.object.status?.key?.controlPlaneNamespace, "b");
});
