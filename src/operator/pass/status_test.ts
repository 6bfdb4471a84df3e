import assert from "node:assert/strict";
import { conditionOf } from "../../workload/conditions.ts";
import { deployment, FAILURES, KEY, RUNNING, type Widget, type WidgetSays, WORDS } from "../testing.ts";
import { EMPTY_REPORT, type ReportData } from "./report.ts";
import { nextStatus as next, type StatusFacts } from "./status.ts";

type WidgetStatus = NonNullable<Widget["status"]>;
type Facts = StatusFacts<WidgetSays>;

const facts: Facts = {
  key: KEY,
  words: WORDS,
  generation: 1,
  deployment: RUNNING,
  failures: [],
  pendingUpgrade: [],
  warnings: [],
  visited: true,
  reports: [],
  now: new Date("2026-01-01T00:00:00Z"),
};
const nextStatus = (before: WidgetStatus | undefined, given: Facts) => next<WidgetStatus>(before, given);

function says(status: WidgetStatus, type: string): string {
  const condition = conditionOf(status.conditions, type);
  return condition === undefined ? "absent" : `${condition.status}/${condition.reason}`;
}

const reported = (data: Partial<ReportData<WidgetSays>>): Facts => ({
  ...facts,
  reports: [{ ...EMPTY_REPORT, ...data, generation: 1 }],
});

Deno.test("the status says what is observed, how many pods are ready, and the phase; zeros are left out", () => {
  const { conditions: _, ...ready } = nextStatus(undefined, facts);
  assert.deepEqual(ready, { observedGeneration: 1, readyReplicas: 1, phase: "Ready" });
  const { conditions: __, ...pending } = nextStatus(undefined, { ...facts, deployment: undefined });
  assert.deepEqual(pending, { observedGeneration: 1, phase: "Pending" });
  const none = deployment({ conditions: [{ type: "Available", status: "True" }] }, 0);
  assert.equal(nextStatus(undefined, { ...facts, deployment: none }).phase, "Pending");
  const refused = nextStatus(undefined, { ...facts, failures: [FAILURES.foreign] });
  assert.equal(refused.phase, "Ready", "the phase only counts pods");
});

Deno.test("what others wrote stays", () => {
  const foreign = {
    type: "Other",
    status: "True" as const,
    reason: "R",
    message: "m",
    lastTransitionTime: "2025-01-01T00:00:00Z",
  };
  const before = { version: "v1", readyReplicas: 3, theirs: 7, conditions: [foreign] } as WidgetStatus;
  const after = nextStatus(before, facts);
  assert.deepEqual([after.version, after.readyReplicas, "theirs" in after && after.theirs], ["v1", 1, 7]);
  assert.deepEqual(after.conditions?.[0], foreign);
});

Deno.test("a condition of a report is about the generation that the report is about", () => {
  const conditions = [{ type: "Shown", status: "True" as const, reason: "R", message: "m" }];
  const report = { ...EMPTY_REPORT, conditions, generation: 3 };
  const status = nextStatus(undefined, { ...facts, generation: 5, reports: [report] });
  assert.equal(conditionOf(status.conditions, "Shown")?.observedGeneration, 3);
  assert.equal(conditionOf(status.conditions, "Ready")?.observedGeneration, 5);
});

Deno.test("the same facts give the same status", () => {
  const first = nextStatus(undefined, facts);
  assert.deepEqual(nextStatus(first, { ...facts, now: new Date("2026-02-01T00:00:00Z") }), first);
});

Deno.test("an object that starts is being reconciled", () => {
  const none = nextStatus(undefined, { ...facts, deployment: undefined });
  assert.equal(says(none, "Ready"), "False/DeploymentMissing");
  assert.equal(says(none, "Progressing"), "True/Creating");
  assert.equal(says(none, "Reconciling"), "True/Creating");
  const starting = nextStatus(none, { ...facts, deployment: deployment() });
  assert.equal(says(starting, "Ready"), "False/PodsUnavailable");
  assert.equal(says(starting, "Reconciling"), "True/RollingOut");
  assert.equal(says(nextStatus(starting, facts), "Reconciling"), "absent");
});

Deno.test("the observed generation never goes back", () => {
  const before = nextStatus(undefined, { ...facts, generation: 5 });
  assert.equal(nextStatus(before, { ...facts, generation: 4 }).observedGeneration, 5);
});

Deno.test("while a takeover has not succeeded the observed generation stays the other operator's", () => {
  const theirs = structuredClone(RUNNING);
  delete theirs.metadata.annotations;
  const pending = { ...facts, generation: 2, deployment: theirs, failures: [FAILURES.unavailable] };
  assert.equal(nextStatus({ observedGeneration: 1 }, pending).observedGeneration, 1);
  assert.equal(nextStatus(undefined, pending).observedGeneration, undefined);
});

Deno.test("what steps and visits report is in the status, and the last word counts", () => {
  const status = nextStatus({ version: "v1", tier: "none" }, {
    ...facts,
    reports: [
      { ...EMPTY_REPORT, status: { version: "v2", tier: "premium" }, generation: 1 },
      {
        ...EMPTY_REPORT,
        conditions: [{ type: "OperatorAccess", status: "True", reason: "Ready", message: "m" }],
        status: { version: "v3", tier: undefined },
        generation: 1,
      },
    ],
  });
  assert.equal(status.version, "v3");
  assert.equal("tier" in status, false, "undefined removes a field");
  assert.equal(says(status, "OperatorAccess"), "True/Ready");
});

Deno.test("warnings of reports join those of the spec", () => {
  const warned = nextStatus(undefined, reported({ warnings: [{ reason: "OldVersion", message: "m" }] }));
  assert.equal(says(warned, "ConfigurationWarning"), "True/OldVersion");
  assert.equal(says(nextStatus(warned, facts), "ConfigurationWarning"), "absent");
});

Deno.test("a condition that a report takes away goes", () => {
  const before = nextStatus(
    undefined,
    reported({
      conditions: [{ type: "Shown", status: "True", reason: "Shown", message: "m" }],
    }),
  );
  assert.equal(says(before, "Shown"), "True/Shown");
  assert.equal(says(nextStatus(before, reported({ absent: ["Shown"] })), "Shown"), "absent");
  assert.equal(says(nextStatus(before, facts), "Shown"), "True/Shown", "silence changes nothing");
});

Deno.test("before the first visit of a process, what an earlier one found wrong is not called right", () => {
  const before = nextStatus(
    undefined,
    reported({
      troubles: [{ reason: "Unreachable", message: "m" }],
      warnings: [{ reason: "OldVersion", message: "m" }],
    }),
  );
  const restarted = nextStatus(before, { ...facts, visited: false });
  assert.deepEqual(restarted, before);
  const visited = nextStatus(restarted, facts);
  assert.equal(says(visited, "Degraded"), "False/AsExpected");
  assert.equal(says(visited, "ConfigurationWarning"), "absent");
});
