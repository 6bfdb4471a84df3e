import assert from "node:assert/strict";
import type { WorkspaceAgent, WorkspaceBuild } from "../../inventory/mod.ts";
import { agent, build, workspace } from "./testing.ts";
import { workspaceConditions } from "./workspace_conditions.ts";

type Shown = Record<string, [status: string, reason: string]>;

function shown(changes: Partial<WorkspaceBuild>, agents: WorkspaceAgent[] = []): Shown {
  const resources = [{ agents }];
  const conditions = workspaceConditions(workspace({ latest_build: build({ resources, ...changes }) }));
  return Object.fromEntries(conditions.map(({ type, status, reason }) => [type, [status, reason]]));
}

/** What kstatus makes of conditions. Source: sigs.k8s.io/cli-utils, pkg/kstatus/status/generic.go and core.go. */
function kstatus(conditions: Shown): string {
  if (conditions["Reconciling"]?.[0] === "True") return "InProgress";
  if (conditions["Stalled"]?.[0] === "True") return "Failed";
  const ready = conditions["Ready"]?.[0];
  return ready === undefined || ready === "True" ? "Current" : "InProgress";
}

Deno.test("a running workspace without agents is ready", () => {
  const conditions = shown({});
  assert.deepEqual(conditions["Ready"], ["True", "Running"]);
  assert.deepEqual(conditions["Building"], ["False", "Idle"]);
  assert.equal(kstatus(conditions), "Current");
});

Deno.test("a stopped workspace is as it should be, and no wait for Ready ends on it", () => {
  const conditions = shown({ transition: "stop", status: "stopped" });
  assert.equal(conditions["Ready"], undefined);
  assert.equal(kstatus(conditions), "Current");
});

Deno.test("a build that is under way is progress, whatever it does", () => {
  const statuses: [string, string][] = [
    ["pending", "Pending"],
    ["starting", "Starting"],
    ["stopping", "Stopping"],
    ["canceling", "Canceling"],
    ["deleting", "Deleting"],
  ];
  for (const [status, reason] of statuses) {
    const conditions = shown({ status });
    assert.deepEqual(conditions["Ready"], ["False", reason]);
    assert.deepEqual(conditions["Building"], ["True", reason]);
    assert.deepEqual(conditions["Reconciling"], ["True", reason]);
    assert.equal(kstatus(conditions), "InProgress", status);
  }
});

Deno.test("a build that failed or was cancelled is a failure", () => {
  for (const [status, reason] of [["failed", "BuildFailed"], ["canceled", "BuildCanceled"]] as const) {
    const conditions = shown({ status });
    assert.deepEqual(conditions["Ready"], ["False", reason]);
    assert.deepEqual(conditions["Stalled"], ["True", reason]);
    assert.equal(conditions["Reconciling"], undefined);
    assert.equal(kstatus(conditions), "Failed");
  }
});

Deno.test("a status that a newer Coder may have is not taken for ready", () => {
  const conditions = shown({ status: "hibernating" });
  assert.deepEqual(conditions["Ready"], ["False", "Unknown"]);
  assert.equal(kstatus(conditions), "InProgress");
});

Deno.test("ready waits for the agents", () => {
  for (
    const changes of [
      { status: "connecting", lifecycle_state: "created" },
      { status: "connected", lifecycle_state: "created" },
      { status: "connected", lifecycle_state: "starting" },
    ]
  ) {
    const conditions = shown({}, [agent(), agent({ name: "gpu", ...changes })]);
    assert.deepEqual(conditions["Ready"], ["False", "AgentsStarting"]);
    assert.equal(kstatus(conditions), "InProgress");
  }
  assert.deepEqual(shown({}, [agent()])["Ready"], ["True", "Running"]);
});

Deno.test("agents that are gone or failed to start make it not ready, and name themselves", () => {
  for (
    const changes of [
      { status: "disconnected" },
      { status: "timeout" },
      { lifecycle_state: "start_error", health: { healthy: false, reason: "script failed" } },
    ]
  ) {
    const record = workspace({
      latest_build: build({ resources: [{ agents: [agent({ name: "gpu", ...changes })] }] }),
    });
    const ready = workspaceConditions(record).find(({ type }) => type === "Ready");
    assert.deepEqual([ready?.status, ready?.reason], ["False", "AgentsUnhealthy"]);
    assert.match(ready?.message ?? "", /gpu/);
  }
});

Deno.test("an agent whose start scripts take too long can be used", () => {
  const late = agent({
    lifecycle_state: "start_timeout",
    health: { healthy: false, reason: "agent startup script exceeded its time limit" },
  });
  assert.deepEqual(shown({}, [late])["Ready"], ["True", "Running"]);
});

Deno.test("agents of dev containers do not hold up the workspace", () => {
  const conditions = shown({}, [agent(), agent({ parent_id: agent().id, status: "connecting" })]);
  assert.deepEqual(conditions["Ready"], ["True", "Running"]);
});

Deno.test("times follow from the record: when it was asked for, when it was over, when agents were ready", () => {
  const times = (changes: Partial<WorkspaceBuild>) =>
    Object.fromEntries(
      workspaceConditions(workspace({ latest_build: build(changes) })).map((
        { type, lastTransitionTime },
      ) => [type, lastTransitionTime]),
    );
  assert.equal(times({ status: "starting" })["Ready"], "2026-05-01T10:00:00Z");
  assert.equal(times({ status: "failed" })["Stalled"], "2026-05-01T10:00:05Z");
  assert.equal(times({ resources: [{ agents: [agent()] }] })["Ready"], "2026-05-01T10:00:20Z");
  assert.equal(times({ job: null })["Building"], "2026-05-01T10:00:05Z");
});

Deno.test("dormant and outdated workspaces say so", () => {
  const conditions = workspaceConditions(workspace({
    outdated: true,
    dormant_at: "2026-05-02T00:00:00Z",
    deleting_at: "2026-06-02T00:00:00Z",
  }));
  const dormant = conditions.find(({ type }) => type === "Dormant");
  assert.deepEqual([dormant?.status, dormant?.lastTransitionTime], ["True", "2026-05-02T00:00:00Z"]);
  assert.match(dormant?.message ?? "", /deletes it at 2026-06-02T00:00:00Z/);
  assert.equal(conditions.find(({ type }) => type === "Outdated")?.status, "True");
});

Deno.test("a dormant workspace that will not be deleted does not say when", () => {
  const conditions = workspaceConditions(workspace({ dormant_at: "2026-05-02T00:00:00Z" }));
  assert.doesNotMatch(conditions.find(({ type }) => type === "Dormant")?.message ?? "", /deletes/);
});

Deno.test("words of Terraform's are cut where a condition has no room, and absent ones replaced", () => {
  const message = (error: string) => {
    const job = { id: agent().id, status: "failed", error, error_code: "", completed_at: null };
    const conditions = workspaceConditions(workspace({ latest_build: build({ status: "failed", job }) }));
    return conditions.find(({ type }) => type === "Ready")?.message ?? "";
  };
  assert.equal(message("x".repeat(5_000)).length, 1_024);
  assert.match(message(""), /The build \(start\) failed/);
});

Deno.test("every condition has what the Kubernetes API asks of one", () => {
  for (const status of ["running", "pending", "failed", "stopped", "odd one"]) {
    for (const condition of workspaceConditions(workspace({ latest_build: build({ status }) }))) {
      assert.match(condition.reason, /^[A-Za-z]+$/);
      assert.match(condition.lastTransitionTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      assert.ok(["True", "False"].includes(condition.status));
      assert.notEqual(condition.message, "");
    }
  }
});
