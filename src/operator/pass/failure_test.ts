import assert from "node:assert/strict";
import type { Deployment } from "../../api/kubernetes/types.ts";
import { ForeignObjectError } from "../../kube/applier.ts";
import { DuplicateKeyError } from "../../kube/apply/duplicate_keys.ts";
import { KubeApiError, KubeConnectionError } from "../../kube/errors.ts";
import { SpecError } from "../../workload/spec_error.ts";
import { type FailureReason, failureText, isStalling, notable, stepFailure } from "./failure.ts";

const call = { method: "PATCH", path: "/x" };
const deployment: Deployment = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "c" } };
const same = (text: string) => text;

Deno.test("every error has its reason, and only those that wait for somebody stall", () => {
  const rows: [unknown, FailureReason, boolean][] = [
    [
      new ForeignObjectError("m", "services", { namespace: "a", name: "c" }, "uncontrolled"),
      "ForeignObject",
      true,
    ],
    [new SpecError("spec.x", "is blank"), "InvalidSpec", true],
    [new DuplicateKeyError(deployment, "p", "k"), "InvalidSpec", true],
    [new KubeApiError(409, "Conflict", "m", call), "Conflict", false],
    [new KubeApiError(403, "Forbidden", "m", call), "Forbidden", false],
    [new KubeApiError(503, "", "m", call), "APIUnavailable", false],
    [new KubeConnectionError("m", call), "APIUnavailable", false],
    [new KubeApiError(422, "Invalid", "m", call), "Rejected", false],
    [new KubeApiError(400, "BadRequest", "m", call), "Rejected", false],
    [new Error("m"), "Failed", false],
    ["m", "Failed", false],
  ];
  for (const [error, reason, stalls] of rows) {
    const failure = stepFailure("Service", error, same);
    assert.equal(failure.reason, reason, String(error));
    assert.equal(isStalling(failure), stalls, String(error));
    assert.equal(failure.error, error);
  }
});

Deno.test("messages pass through the redactor", () => {
  const failure = stepFailure(
    "Service",
    new Error("token abc refused"),
    (text) => text.replace("abc", "***"),
  );
  assert.equal(failure.message, "token *** refused");
});

Deno.test("a lost race is nothing to report; several failures make one line", () => {
  const failures = [
    stepFailure("ServiceAccount", new KubeApiError(409, "Conflict", "m", call), same),
    stepFailure("Deployment", new Error("one"), same),
    stepFailure("Service", new Error("two"), same),
  ];
  assert.deepEqual(notable(failures).map(({ step }) => step), ["Deployment", "Service"]);
  assert.equal(failureText(notable(failures)), "Deployment: one; Service: two");
});
