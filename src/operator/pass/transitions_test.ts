import assert from "node:assert/strict";
import type { Condition } from "../../api/kubernetes/types.ts";
import { transitions } from "./transitions.ts";

const condition = (type: string, status: string, reason = "Why", message = "words"): Condition => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: "2026-01-01T00:00:00Z",
});
const reasons = (before: Condition[] | undefined, after: Condition[]) =>
  transitions(before, after).map(({ type, reason }) => `${type} ${reason}`);

Deno.test("a condition that becomes true, and one that stops, is told once", () => {
  const rows: [string, string[], string[]][] = [
    ["Ready", ["Normal Ready"], ["Warning NotReady"]],
    ["Available", ["Normal Available"], ["Warning Unavailable"]],
    ["Progressing", ["Normal Progressing"], ["Normal RolloutEnded"]],
    ["Degraded", ["Warning Degraded"], ["Normal Recovered"]],
    ["Stalled", ["Warning Stalled"], []],
    ["Exposed", ["Normal Exposed"], ["Warning NotExposed"]],
    ["UpgradePending", ["Normal UpgradePending"], []],
    ["CoderReachable", ["Normal CoderReachable"], ["Warning CoderUnreachable"]],
    ["LicenseApplied", ["Normal LicenseApplied"], ["Warning LicenseNotApplied"]],
    ["FirstUser", ["Normal FirstUserExists"], []],
    ["ConfigurationWarning", ["Warning ConfigurationWarning"], []],
  ];
  for (const [type, becomes, ends] of rows) {
    const [no, yes] = [[condition(type, "False")], [condition(type, "True")]];
    assert.deepEqual(reasons(no, yes), becomes, type);
    assert.deepEqual(reasons(yes, no), ends, type);
    assert.deepEqual(reasons(yes, yes), [], type);
    assert.deepEqual(reasons(yes, []), [], `${type} that goes says nothing`);
  }
});

Deno.test("a condition that starts out false, and one of others, says nothing", () => {
  assert.deepEqual(reasons(undefined, [condition("Ready", "False"), condition("Degraded", "False")]), []);
  assert.deepEqual(reasons([], [condition("Theirs", "True"), condition("Reconciling", "True")]), []);
});

Deno.test("another reason or message alone is no transition", () => {
  assert.deepEqual(
    reasons([condition("Degraded", "True")], [condition("Degraded", "True", "Other", "n")]),
    [],
  );
});

Deno.test("the note carries the condition's words and reason", () => {
  const [event] = transitions([], [condition("Degraded", "True", "ForeignObject", "not ours")]);
  assert.equal(event?.note, "not ours (ForeignObject)");
});

Deno.test("what is expected is told when it is lost and when it comes back, not where it is so from the beginning", () => {
  const types = ["WorkspaceRBAC", "ControlPlaneReady", "OperatorAccessReady", "ExternalProvisionersEntitled"];
  for (const type of types) {
    assert.deepEqual(reasons([], [condition(type, "True")]), [], type);
    assert.equal(reasons([condition(type, "True")], [condition(type, "False")]).length, 1, type);
    assert.equal(reasons([condition(type, "False")], [condition(type, "True")]).length, 1, type);
  }
  const secret = "ProvisionerKeySecretReady";
  assert.deepEqual(reasons([condition(secret, "False")], [condition(secret, "True")]), []);
  assert.equal(reasons([condition(secret, "True")], [condition(secret, "False")]).length, 1);
});
