import assert from "node:assert/strict";
import type { CoderControlPlane } from "../../api/control_plane.ts";
import type { KubeObject } from "../../api/object.ts";
import {
  bareControlPlane,
  controlPlaneMatters,
  controlPlanesOfToken,
  findControlPlane,
  namedControlPlane,
  readableControlPlane,
  referredKey,
  tokenSecretOf,
  USED_FROM,
} from "./control_plane_ref.ts";
import { FakeGround, readyControlPlane, secretOf } from "./control_plane_testing.ts";

const asker = { namespace: "a", name: "prov" };

/** What an asker finds where there is this one control plane. */
function find(ref: { namespace?: string; name: string }, object?: CoderControlPlane, who = asker) {
  const { controlPlanes } = new FakeGround();
  if (object !== undefined) controlPlanes.put(object);
  return findControlPlane(ref, who, controlPlanes as never);
}

Deno.test("a control plane of the same namespace is found, with the address that pods reach it at", () => {
  const finding = find({ name: "coder" }, readyControlPlane());
  assert.ok(finding.found);
  assert.deepEqual(finding.key, { namespace: "a", name: "coder" });
  assert.equal(finding.url, "http://coder.a.svc.cluster.local:80");
  assert.equal(finding.controlPlane.spec.replicas, 1, "with defaults");
  const empty = find({ namespace: "", name: "coder" }, readyControlPlane());
  assert.equal(empty.found, true);
});

Deno.test("pods use plain HTTP, whatever TLS users see", () => {
  const spec = { tls: { secretNames: ["tls"] }, service: { port: 443 } };
  const finding = find({ name: "coder" }, readyControlPlane({}, {}, spec));
  assert.ok(finding.found);
  assert.equal(finding.url, "http://coder.a.svc.cluster.local:80");
});

Deno.test("the cluster's own domain is in the address", () => {
  const { controlPlanes } = new FakeGround();
  controlPlanes.put(readyControlPlane({}, {}, { service: { port: 8080 } }));
  const finding = findControlPlane({ name: "coder" }, asker, controlPlanes as never, "corp.local");
  assert.ok(finding.found);
  assert.equal(finding.url, "http://coder.a.svc.corp.local:8080");
});

Deno.test("a name that is empty, or of nothing, is told", () => {
  const blank = find({ name: " " });
  assert.ok(!blank.found);
  assert.equal(blank.reason, "ControlPlaneNameMissing");
  const none = find({ name: "coder" });
  assert.ok(!none.found);
  assert.equal(none.reason, "ControlPlaneNotFound");
  assert.match(none.message, /CoderControlPlane a\/coder does not exist/);
});

Deno.test("one of another namespace is found where it says so, and is else as if it were not there", () => {
  const ref = { namespace: "a", name: "coder" };
  const outside = { namespace: "team", name: "prov" };
  const shared = (list: string) => readyControlPlane({}, { annotations: { [USED_FROM]: list } });
  for (const list of ["team", "team/prov", "*", "x, team"]) {
    assert.equal(find(ref, shared(list), outside).found, true, list);
  }
  const refused = ["", "tea", "team/other"].map((list) => find(ref, shared(list), outside));
  for (const finding of [...refused, find(ref, undefined, outside)]) {
    assert.ok(!finding.found);
    assert.equal(finding.reason, "ControlPlaneNotShared");
    assert.deepEqual(finding, refused[0], "nobody learns what there is elsewhere");
    assert.match(finding.message, /coder\.com\/used-from: team\/prov/);
  }
});

Deno.test("one that goes, or that cannot be read, is not used", () => {
  const going = find({ name: "coder" }, readyControlPlane({}, { deletionTimestamp: "2026-01-01T00:00:00Z" }));
  assert.ok(!going.found);
  assert.equal(going.reason, "ControlPlaneDeleting");
  const odd = readyControlPlane({}, {}, { replicas: "three" } as never);
  const invalid = find({ name: "coder" }, odd);
  assert.ok(!invalid.found);
  assert.equal(invalid.reason, "ControlPlaneInvalid");
  assert.equal(readableControlPlane(odd), undefined);
});

Deno.test("changes that concern nobody else wake nobody", () => {
  const before = readyControlPlane();
  const matters = (after: CoderControlPlane) => controlPlaneMatters.updated?.(before, after);
  assert.equal(matters(readyControlPlane({ readyReplicas: 2 }, { resourceVersion: "2" })), false);
  assert.equal(matters(readyControlPlane({}, { labels: { a: "b" } })), false);
  assert.equal(matters(readyControlPlane({}, {}, { replicas: 3 })), false);
  for (
    const [what, after] of Object.entries({
      another: readyControlPlane({}, { uid: "other" }),
      consent: readyControlPlane({}, { annotations: { [USED_FROM]: "*" } }),
      end: readyControlPlane({}, { deletionTimestamp: "2026-01-01T00:00:00Z" }),
      image: readyControlPlane({}, {}, { image: "coder:v3" }),
      port: readyControlPlane({}, {}, { service: { port: 8080 } }),
      tls: readyControlPlane({}, {}, { tls: { secretNames: ["t"] } }),
      access: readyControlPlane({ operatorAccessReady: false }),
      token: readyControlPlane({ operatorTokenSecretRef: { name: "other" } }),
      entitlement: readyControlPlane({ externalProvisionerDaemonsEntitlement: "entitled" }),
      version: readyControlPlane({ version: "v2.30.0" }),
    })
  ) assert.equal(matters(after), true, what);
});

Deno.test("references are indexed by where they lead, whatever shape they have", () => {
  const named = (controlPlaneRef: unknown, namespace: string | undefined = "team") =>
    namedControlPlane({ metadata: { namespace }, spec: { controlPlaneRef } } as unknown as KubeObject);
  assert.deepEqual(named({ name: "coder" }), ["team/coder"]);
  assert.deepEqual(named({ name: "coder", namespace: "a" }), ["a/coder"]);
  assert.deepEqual(named({ name: "coder", namespace: 5 }), ["team/coder"]);
  for (const ref of [undefined, {}, { name: "" }, { name: 5 }]) assert.deepEqual(named(ref), []);
  assert.deepEqual(namedControlPlane({ metadata: {} } as KubeObject), []);
  assert.deepEqual(referredKey({ name: "x", namespace: "b" }, { namespace: "a" }), {
    namespace: "b",
    name: "x",
  });
});

Deno.test("a Secret leads to the control planes whose token is in it", () => {
  const { controlPlanes } = new FakeGround();
  const of = controlPlanesOfToken(controlPlanes as never);
  controlPlanes.put(readyControlPlane());
  controlPlanes.put(readyControlPlane({}, { namespace: "b" }));
  const secret = secretOf({ namespace: "a", name: "coder-operator-token" }, {});
  assert.deepEqual(of(secret), [{ namespace: "a", name: "coder" }]);
  assert.deepEqual(controlPlanesOfToken(controlPlanes as never)(secret), [{ namespace: "a", name: "coder" }]);
  assert.deepEqual(tokenSecretOf({ ...readyControlPlane(), status: {} }), []);
  assert.deepEqual(tokenSecretOf(readyControlPlane({ operatorTokenSecretRef: { name: 5 as never } })), []);
});

Deno.test("of one that is gone, the name and the port are what is left", () => {
  const key = { namespace: "a", name: "coder" };
  assert.deepEqual(bareControlPlane(key, 8080).spec.service.port, 8080);
  assert.deepEqual(bareControlPlane(key, undefined).spec.service.port, 80);
});
