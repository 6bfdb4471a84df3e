import assert from "node:assert/strict";
import { coderAccessLost } from "./coder_access_lost.ts";
import { coderUnreachable } from "./coder_unreachable.ts";
import { controlPlaneNotReady } from "./control_plane_not_ready.ts";
import {
  absent,
  ago,
  assertCareful,
  causes,
  condition,
  controlPlane,
  deployment,
  factsOf,
  findings,
  pod,
  seen,
  unread,
} from "./testing.ts";

const AWAY = unread("GET /api/v2/buildinfo: no answer in 3 s", "timeout");
const said = (...conditions: readonly object[]) => seen(controlPlane({ conditions }));

Deno.test("a Coder whose pods are ready and that does not answer is named", () => {
  const facts = factsOf("controlplane", { coderAlive: AWAY, entitlements: undefined });
  const [found] = findings(coderUnreachable, facts);
  assert.equal(
    found?.cause,
    "Coder of control plane lab/coder does not answer, though a pod of it is ready: GET /api/v2/buildinfo: no answer " +
      "in 3 s",
  );
  assert.deepEqual([found?.confidence, found?.evidence[0]?.at], ["likely", "2026-11-22T08:00:00Z"]);
  assertCareful(coderUnreachable, facts, "controlPlane", "coderAlive");
});

Deno.test("where the operator finds so too, it is certain", () => {
  const controlPlane = said(condition("CoderReachable", "False", "CoderUnavailable", "no answer"));
  const [found] = findings(coderUnreachable, factsOf("controlplane", { coderAlive: AWAY, controlPlane }));
  assert.deepEqual([found?.confidence, found?.evidence.length], ["certain", 2]);
  const forbidden = factsOf("controlplane", { coderAlive: unread(), controlPlane });
  assert.match(causes(coderUnreachable, forbidden)[0] ?? "", /a pod of it is ready: no answer$/);
  assert.deepEqual(
    causes(coderUnreachable, factsOf("controlplane", { controlPlane })),
    [],
    "it has just answered",
  );
});

Deno.test("a Coder without a ready pod, or that nobody was let near, is not said to be silent", () => {
  const down = factsOf("controlplane", { coderAlive: AWAY, deployment: seen(deployment({ ready: 0 })) });
  const waiting = factsOf("controlplane", {
    coderAlive: unread("the Coder of lab/coder cannot be asked now: no access", "unreachable"),
  });
  const ours = factsOf("controlplane", {
    coderAlive: unread("the Kubernetes API server did not answer in time", "timeout"),
  });
  for (const facts of [down, waiting, ours]) assert.deepEqual(causes(coderUnreachable, facts), []);
  const byPods = factsOf("controlplane", { coderAlive: AWAY, deployment: unread(), pods: seen([pod()]) });
  assert.equal(causes(coderUnreachable, byPods).length, 1);
});

Deno.test("a workspace whose Coder does not answer is told so, by what could not be read of its build", () => {
  const facts = factsOf("workspace", { coderAlive: undefined, build: AWAY });
  assert.equal(causes(coderUnreachable, facts).length, 1);
});

Deno.test("an operator without access to Coder is named, where that is not as wanted and will not pass", () => {
  const facts = (reason: string) =>
    factsOf("controlplane", {
      controlPlane: said(condition("OperatorAccess", "False", reason, "Coder refuses it")),
    });
  assert.deepEqual(causes(coderAccessLost, facts("BootstrapTokenRefused")), [
    "The operator has no access to Coder of control plane lab/coder since 2026-11-22T07:55:00Z: Coder refuses it",
  ]);
  assert.equal(causes(coderAccessLost, facts("TokenRefused")).length, 1);
  for (
    const reason of [
      "Disabled",
      "WaitingForCoder",
      "NoDatabaseURL",
      "DatabaseUnreachable",
      "CoderUnavailable",
    ]
  ) {
    assert.deepEqual(causes(coderAccessLost, facts(reason)), [], reason);
  }
  assertCareful(coderAccessLost, facts("TokenRefused"), "controlPlane");
});

Deno.test("a proxy is told that its control plane does not run, unless Coder has just answered", () => {
  const controlPlane = said(condition("Available", "False", "PodsUnavailable", "no pod is available"));
  const facts = factsOf("proxy", {
    controlPlane,
    coderAlive: AWAY,
    coderProxies: undefined,
  });
  const [found] = findings(controlPlaneNotReady, facts);
  assert.equal(
    found?.cause,
    "The control plane lab/coder does not run since 2026-11-22T07:55:00Z: no pod is available",
  );
  assert.equal(found?.next[0]?.command, "coder-k8s diagnose controlplane coder -n lab");
  assert.deepEqual(causes(controlPlaneNotReady, factsOf("proxy", { controlPlane })), []);
  const now = said(condition("Available", "False", "PodsUnavailable", "", ago(5)));
  assert.deepEqual(
    causes(controlPlaneNotReady, { ...facts, controlPlane: now }),
    [],
    "its pods are replaced",
  );
  assertCareful(controlPlaneNotReady, facts, "controlPlane");
});

Deno.test("a proxy whose control plane does not exist is told its name", () => {
  const facts = factsOf("proxy", { controlPlane: absent });
  assert.deepEqual(causes(controlPlaneNotReady, facts), [
    "Workspace proxy lab/paris belongs to the control plane lab/coder, which does not exist.",
  ]);
});
