import assert from "node:assert/strict";
import {
  absent,
  ago,
  apiService,
  assertCareful,
  causes,
  condition,
  controlPlane,
  factsOf,
  findings,
  lease,
  proxy,
  seen,
  unread,
} from "../platform/testing.ts";
import { operatorLacksRights } from "./operator_lacks_rights.ts";
import { operatorNotRunning } from "./operator_not_running.ts";
import { specRefused } from "./spec_refused.ts";

/** Its spec was written ten minutes ago. */
const CHANGED = {
  generation: 3,
  managedFields: [
    { manager: "kubectl", operation: "Apply", time: ago(600) },
    { manager: "coder-k8s", operation: "Update", subresource: "status", time: ago(1) },
  ],
};
const changed = (operatorLease: ReturnType<typeof seen>, parts: object = {}) =>
  factsOf("controlplane", {
    controlPlane: seen(controlPlane({ metadata: CHANGED, ...parts })),
    operatorLease,
  });

Deno.test("a change that nobody acts on, and a Lease that nobody renews: the operator does not run", () => {
  const facts = changed(seen(lease(300)));
  const [found] = findings(operatorNotRunning, facts);
  assert.equal(
    found?.cause,
    "The operator does not run (its leader renewed Lease coder-system/coder-k8s-controller.coder.com last at " +
      "2026-11-22T07:55:00Z): control plane lab/coder was changed at 2026-11-22T07:50:00Z and has the status of " +
      "generation 2 still.",
  );
  assert.equal(found?.confidence, "certain");
  assert.deepEqual(found?.evidence.map(({ quote }) => quote), [
    "metadata.generation: 3; status.observedGeneration: 2",
    "holderIdentity: coder-k8s-0_x; renewTime: 2026-11-22T07:55:00Z",
  ]);
  assert.equal(found?.next[0]?.command, "kubectl -n coder-system get deployments,pods");
  assertCareful(operatorNotRunning, facts, "controlPlane");
});

Deno.test("without a Lease to look at, it is only said that nobody has acted", () => {
  const [unreadLease] = findings(operatorNotRunning, changed(unread()));
  assert.match(unreadLease?.cause ?? "", /^The operator has not acted on control plane lab\/coder: /);
  assert.equal(unreadLease?.confidence, "likely");
  const [none] = findings(operatorNotRunning, changed(absent));
  assert.deepEqual([none?.confidence, none?.evidence[1]?.quote], ["likely", "not found"]);
  assert.equal(none?.next[0]?.command, "kubectl -n coder-system get deployments,pods", "where its API is");
  const nowhere = { ...changed(absent), apiService: seen({ ...apiService(), spec: {} }) };
  assert.match(findings(operatorNotRunning, nowhere)[0]?.next[0]?.command ?? "", /--all-namespaces/);
});

Deno.test("an operator that runs is only in doubt where it has never been seen here", () => {
  assert.deepEqual(
    causes(operatorNotRunning, changed(seen(lease(5)))),
    [],
    "it is slow, or says what is wrong",
  );
  const fresh = { metadata: { namespace: "lab", name: "coder", ...CHANGED }, spec: {} };
  const [found] = findings(operatorNotRunning, { ...changed(seen(lease(5))), controlPlane: seen(fresh) });
  assert.equal(
    found?.cause,
    "The operator runs, and has never looked at control plane lab/coder: it may work in other namespaces alone.",
  );
  assert.equal(found?.confidence, "possible");
});

Deno.test("a deletion that nobody ends, and a Deployment that nobody makes again, tell of it too", () => {
  const deleted = (finalizer: string, seconds: number) =>
    changed(seen(lease(300)), {
      metadata: { deletionTimestamp: ago(seconds), finalizers: [finalizer] },
    });
  assert.match(
    causes(operatorNotRunning, deleted("coder.com/workspace-rbac-cleanup", 120))[0] ?? "",
    /: control plane lab\/coder is being deleted since 2026-11-22T07:58:00Z\.$/,
  );
  assert.deepEqual(causes(operatorNotRunning, deleted("coder.com/workspace-rbac-cleanup", 20)), []);
  assert.deepEqual(causes(operatorNotRunning, deleted("other.io/x", 120)), [], "somebody else's");
  const gone = factsOf("controlplane", { deployment: absent, operatorLease: seen(lease(300)) });
  assert.match(
    causes(operatorNotRunning, gone)[0] ?? "",
    /the Deployment of control plane lab\/coder is gone/,
  );
  const refused = seen(controlPlane({ conditions: [condition("Ready", "False", "InvalidSpec")] }));
  assert.deepEqual(causes(operatorNotRunning, { ...gone, controlPlane: refused }), [], "it says why");
});

Deno.test("what was changed a moment ago is not waited for, and an operator away with nothing to do is no cause", () => {
  const young = { ...CHANGED, managedFields: [{ time: ago(20) }] };
  assert.deepEqual(causes(operatorNotRunning, changed(seen(lease(300)), { metadata: young })), []);
  assert.deepEqual(
    causes(operatorNotRunning, factsOf("controlplane", { operatorLease: seen(lease(300)) })),
    [],
  );
});

const failing = (type: string, status: string, reason: string, message: string, more: object = {}) =>
  factsOf("controlplane", {
    controlPlane: seen(controlPlane({ conditions: [condition(type, status, reason, message)], ...more })),
  });
const FORBIDDEN =
  'Service: services is forbidden: User "system:serviceaccount:coder-system:coder-k8s" cannot patch';

Deno.test("a right that the operator lacks is told in the API server's words, with whose right it is", () => {
  const facts = failing("Degraded", "True", "Forbidden", FORBIDDEN);
  const [found] = findings(operatorLacksRights, facts);
  assert.equal(found?.cause, `The operator may not do what control plane lab/coder needs: ${FORBIDDEN}`);
  assert.equal(
    found?.next[1]?.command,
    "kubectl auth can-i --list --as=system:serviceaccount:coder-system:coder-k8s",
  );
  assert.deepEqual(
    causes(operatorLacksRights, failing("OperatorAccess", "False", "Forbidden", "by Coder")),
    [],
  );
  assertCareful(operatorLacksRights, facts, "controlPlane");
});

Deno.test("a spec that cannot be carried out, or a name that is taken, is told in the operator's words", () => {
  for (const reason of ["InvalidSpec", "ForeignObject", "Rejected"]) {
    const facts = failing("Stalled", "True", reason, "Service lab/coder is somebody else's");
    assert.deepEqual(causes(specRefused, facts), [
      "The spec of control plane lab/coder cannot be carried out: Service lab/coder is somebody else's",
    ]);
  }
  const over = failing("Degraded", "True", "InvalidSpec", "x", { metadata: { generation: 3 } });
  assert.deepEqual(causes(specRefused, over), [], "the spec has changed since");
  const other = factsOf("proxy", {
    proxy: seen(proxy({ conditions: [condition("Ready", "False", "InvalidSpec", "no address")] })),
  });
  assert.equal(
    findings(specRefused, other)[0]?.next[0]?.command,
    "kubectl -n lab edit coderworkspaceproxy paris",
  );
  assertCareful(specRefused, other, "proxy");
});
