import assert from "node:assert/strict";
import { storedControlPlane } from "../testing.ts";
import { deletionPolicy, wayOut } from "./policy.ts";

const of = (annotations?: Record<string, string>) =>
  deletionPolicy(storedControlPlane({}, annotations === undefined ? {} : { annotations }));
const reasons = (annotations: Record<string, string>) => of(annotations).warnings.map(({ reason }) => reason);

Deno.test("where nothing is said, everything in Coder stays", () => {
  assert.deepEqual(of(), { policy: "Orphan", timeoutMs: 1_800_000, warnings: [] });
  assert.deepEqual(of({ other: "x" }), of());
  assert.deepEqual(of({ "coder.com/deletion-policy": "Orphan" }), of());
});

Deno.test("Delete is said in this very word", () => {
  assert.deepEqual(of({ "coder.com/deletion-policy": "Delete" }), { ...of(), policy: "Delete" });
  for (const policy of ["delete", "DELETE", " Delete", "Retain", "true", ""]) {
    const { policy: understood, warnings: [warning] } = of({ "coder.com/deletion-policy": policy });
    assert.equal(understood, "Orphan", policy);
    assert.equal(warning?.reason, "DeletionPolicyUnknown");
    assert.match(warning?.message ?? "", new RegExp(`is "${policy}", which counts as Orphan`));
  }
});

Deno.test("the time is one of hours, minutes and seconds; another text is warned of and counts as 30 minutes", () => {
  for (
    const [text, ms] of [["90s", 90_000], ["5m", 300_000], ["1h30m", 5_400_000], [" 2h ", 7_200_000]] as const
  ) {
    assert.deepEqual(of({ "coder.com/deletion-timeout": text }), { ...of(), timeoutMs: ms });
  }
  for (const text of ["", "0s", "0", "soon", "-5m", "5", "1d", "1h 5m"]) {
    assert.equal(of({ "coder.com/deletion-timeout": text }).timeoutMs, 1_800_000, text);
    assert.deepEqual(reasons({ "coder.com/deletion-timeout": text }), ["DeletionTimeoutInvalid"], text);
  }
});

Deno.test("both warnings are told", () => {
  assert.deepEqual(reasons({ "coder.com/deletion-policy": "x", "coder.com/deletion-timeout": "y" }), [
    "DeletionPolicyUnknown",
    "DeletionTimeoutInvalid",
  ]);
});

Deno.test("the way out names the control plane", () => {
  assert.match(
    wayOut(storedControlPlane()),
    /codercontrolplane coder --namespace a --overwrite coder.com\/deletion-policy=Orphan$/,
  );
});
