import { deepEqual, equal } from "node:assert/strict";
import { conditionsOf, conditionTone, phaseTone, toneOf, worstFirst } from "./tones.js";

const condition = (type: string, status: string) => ({ type, status, reason: "", message: "", since: "" });

Deno.test("states of all kinds have a tone, in any case; others are neither well nor ill", () => {
  equal(toneOf("running"), "ok");
  equal(toneOf("Ready"), "ok");
  equal(toneOf("PENDING"), "busy");
  equal(toneOf("draining"), "busy");
  equal(toneOf("failed"), "bad");
  equal(toneOf("away"), "bad");
  for (const state of ["stopped", "closed", "", "constructor", "__proto__", "toString"]) {
    equal(toneOf(state), "idle", state);
  }
});

Deno.test("a condition is well or ill by what it is about", () => {
  for (
    const [type, status, tone] of [
      ["Ready", "True", "ok"],
      ["Ready", "False", "bad"],
      ["Available", "False", "bad"],
      ["Ready", "Unknown", "busy"],
      ["Degraded", "True", "bad"],
      ["Degraded", "False", "ok"],
      ["Stalled", "True", "bad"],
      ["UpgradePending", "True", "warn"],
      ["ConfigurationWarning", "False", "ok"],
      ["Reconciling", "True", "busy"],
      ["Progressing", "False", "idle"],
      ["LicenseApplied", "False", "warn"],
      ["Anything", "odd", "busy"],
    ] as const
  ) equal(conditionTone(condition(type, status)), tone, `${type}=${status}`);
});

Deno.test("an object is as well as its phase and its worst condition", () => {
  equal(phaseTone("Ready", [condition("Ready", "True")]), "ok");
  equal(phaseTone("Ready", [condition("Degraded", "True")]), "warn", "it runs");
  equal(phaseTone("Ready", [condition("LicenseApplied", "False")]), "warn");
  equal(phaseTone("Pending", [condition("Stalled", "True")]), "bad");
  equal(phaseTone("Pending", [condition("Reconciling", "True")]), "busy");
  equal(phaseTone("", []), "idle");
});

Deno.test("conditions that have not the shape of one are none", () => {
  for (const value of [undefined, null, {}, "x", [null, 1, "x", [], { type: 1 }]]) {
    deepEqual(conditionsOf(value), []);
  }
  deepEqual(conditionsOf([{ type: "Ready", status: 1, reason: null, message: "a\u001b[31mb\n\u202ec" }]), [
    { type: "Ready", status: "1", reason: "", message: "ab \ufffdc", since: "" },
  ]);
});

Deno.test("the worst comes first, the rest as it was", () => {
  const all = [
    condition("Ready", "True"),
    condition("A", "False"),
    condition("Stalled", "True"),
    condition("B", "False"),
  ];
  deepEqual(worstFirst(all).map(({ type }) => type), ["Stalled", "A", "B", "Ready"]);
  equal(all[0]?.type, "Ready", "what was given is not touched");
});
