import assert from "node:assert/strict";
import { workspaceDefinition } from "../../api/workspace.ts";
import { agent, build, PLACE, uuid, workspace } from "./testing.ts";
import { isMeantToRun, workspaceObject } from "./workspace.ts";

const object = (...parameters: Parameters<typeof workspace>) =>
  workspaceObject(workspace(...parameters), PLACE);

Deno.test("a running workspace becomes the whole object", () => {
  assert.deepEqual(object(), {
    apiVersion: "aggregation.coder.com/v1alpha1",
    kind: "CoderWorkspace",
    metadata: {
      name: "acme.alice.dev",
      namespace: "team-a",
      uid: uuid(1),
      creationTimestamp: "2026-04-01T09:00:00Z",
      labels: {
        "aggregation.coder.com/control-plane-name": "coder",
        "aggregation.coder.com/control-plane-namespace": "team-a",
      },
    },
    spec: {
      organization: "acme",
      templateName: "docker",
      templateVersionID: uuid(11),
      running: true,
      ttlMillis: 28_800_000,
      autostartSchedule: "CRON_TZ=UTC 30 9 * * 1-5",
    },
    status: {
      id: uuid(1),
      ownerName: "alice",
      organizationName: "acme",
      templateName: "docker",
      latestBuildID: uuid(10),
      latestBuildStatus: "running",
      autoShutdown: "2026-05-01T18:00:00Z",
      lastUsedAt: "2026-05-01T11:30:00Z",
      templateID: uuid(4),
      templateDisplayName: "Docker",
      ownerID: uuid(2),
      accessURL: "https://coder.example.com/@alice/dev",
      latestBuild: {
        number: 3,
        transition: "start",
        reason: "initiator",
        initiatorName: "alice",
        templateVersionName: "swift_fox1",
        createdAt: "2026-05-01T10:00:00Z",
        completedAt: "2026-05-01T10:00:05Z",
      },
      automaticUpdates: "never",
      deadline: "2026-05-01T18:00:00Z",
      nextStartAt: "2026-05-04T09:30:00Z",
      conditions: [
        {
          type: "Ready",
          status: "True",
          reason: "Running",
          message: "The workspace can be used",
          lastTransitionTime: "2026-05-01T10:00:05Z",
        },
        {
          type: "Building",
          status: "False",
          reason: "Idle",
          message: "The latest build (start) is over",
          lastTransitionTime: "2026-05-01T10:00:05Z",
        },
        {
          type: "Dormant",
          status: "False",
          reason: "InUse",
          message: "The workspace is not dormant",
          lastTransitionTime: "2026-04-01T09:00:00Z",
        },
        {
          type: "Outdated",
          status: "False",
          reason: "UpToDate",
          message: "The template's active version is in use",
          lastTransitionTime: "2026-05-01T10:00:00Z",
        },
      ],
    },
  });
});

Deno.test("running is always there, and follows from the latest build", () => {
  const cases: [transition: string, status: string, running: boolean][] = [
    ["start", "pending", true],
    ["start", "starting", true],
    ["start", "running", true],
    ["start", "failed", false],
    ["start", "canceling", false],
    ["start", "canceled", false],
    ["stop", "pending", false],
    ["stop", "stopping", false],
    ["stop", "stopped", false],
    ["stop", "failed", false],
    ["delete", "pending", false],
    ["delete", "deleting", false],
    ["delete", "deleted", false],
  ];
  for (const [transition, status, running] of cases) {
    assert.equal(isMeantToRun({ transition, status }), running, `${transition} ${status}`);
    assert.equal(object({ latest_build: build({ transition, status }) }).spec.running, running);
  }
});

Deno.test("null and empty differ for what may be unset, and empty names are left out", () => {
  const unset = object({ ttl_ms: null, autostart_schedule: null, template_name: "" }).spec;
  assert.deepEqual(unset, { organization: "acme", templateVersionID: uuid(11), running: true });
  const empty = object({ ttl_ms: 0, autostart_schedule: "" }).spec;
  assert.deepEqual([empty.ttlMillis, empty.autostartSchedule], [0, ""]);
});

Deno.test("a time to live is shown as it was given, as long as Coder has what it makes of it", () => {
  const shown = (ttl_ms: number | null, ttlMillis: number) => {
    const shadow = { kind: "workspaces", id: "1", name: "a", metadata: {}, spec: { ttlMillis } } as const;
    return workspaceObject(workspace({ ttl_ms }), PLACE, { shadow }).spec.ttlMillis;
  };
  assert.deepEqual([shown(60_000, 90_500), shown(120_000, 90_500), shown(null, 90_500)], [
    90_500,
    120_000,
    undefined,
  ]);
  assert.deepEqual([shown(null, 0), shown(60_000, 0)], [0, 60_000]);
});

Deno.test("lastUsedAt is null where nobody ever used the workspace, and never left out", () => {
  assert.equal(object({ last_used_at: "0001-01-01T00:00:00Z" }).status.lastUsedAt, null);
  const { last_used_at: _, ...never } = workspace();
  assert.equal(workspaceObject(never, PLACE).status.lastUsedAt, null);
});

Deno.test("a deadline of Go's zero time is none", () => {
  const { status } = object({ latest_build: build({ deadline: "0001-01-01T00:00:00Z" }) });
  assert.equal("autoShutdown" in status || "deadline" in status, false);
});

Deno.test("a stopped workspace keeps the deadline that Coder has, but none is due", () => {
  const { status } = object({ latest_build: build({ transition: "stop", status: "stopped" }) });
  assert.equal(status.autoShutdown, "2026-05-01T18:00:00Z");
  assert.equal(status.deadline, undefined);
});

Deno.test("dormancy, deletion to come, and a newer version are shown", () => {
  const { status } = object({
    dormant_at: "2026-05-02T00:00:00Z",
    deleting_at: "2026-06-02T00:00:00Z",
    outdated: true,
  });
  assert.deepEqual(
    [status.dormantAt, status.deletingAt, status.outdated],
    ["2026-05-02T00:00:00Z", "2026-06-02T00:00:00Z", true],
  );
});

Deno.test("a failed build says what went wrong", () => {
  const job = { id: uuid(12), status: "failed", error: "exit status 1", error_code: "X", completed_at: null };
  const { status } = object({ latest_build: build({ status: "failed", job }) });
  assert.deepEqual([status.latestBuild?.error, status.latestBuild?.errorCode], ["exit status 1", "X"]);
  assert.equal(status.latestBuild?.completedAt, undefined);
});

Deno.test("agents come with their apps, and health names those that are not well", () => {
  const sick = agent({ id: uuid(21), name: "gpu", health: { healthy: false, reason: "gone" } });
  const resources = [{ agents: [agent()] }, { agents: [sick] }];
  const { status } = object({
    latest_build: build({ resources }),
    health: { healthy: false, failing_agents: [uuid(21)] },
  });
  assert.deepEqual(status.health, { healthy: false, failingAgents: ["gpu"] });
  assert.deepEqual(status.agents?.map(({ name, healthy, reason }) => [name, healthy, reason]), [
    ["main", true, undefined],
    ["gpu", false, "gone"],
  ]);
});

Deno.test("a Coder without health is judged by its failing agents", () => {
  const { status } = object({ latest_build: build({ resources: [{ agents: [agent()] }] }), health: null });
  assert.deepEqual(status.health, { healthy: true });
});

Deno.test("without an address of Coder there are no links", () => {
  const place = { ...PLACE, addresses: { access: "", apps: "" } };
  assert.equal(workspaceObject(workspace(), place).status.accessURL, undefined);
});

Deno.test("a deployment served by flags has no labels", () => {
  const { controlPlane: _, ...place } = PLACE;
  assert.equal(workspaceObject(workspace(), place).metadata.labels, undefined);
});

Deno.test("a creation time that is none is left out", () => {
  assert.equal("creationTimestamp" in object({ created_at: "0001-01-01T00:00:00Z" }).metadata, false);
});

Deno.test("no field is shown that the schema does not know", () => {
  const full = object({
    latest_build: build({
      resources: [{ agents: [agent({ parent_id: uuid(30) })] }],
      max_deadline: "2026-05-02T10:00:00Z",
    }),
    dormant_at: "2026-05-02T00:00:00Z",
    deleting_at: "2026-06-02T00:00:00Z",
    outdated: true,
  });
  assert.deepEqual(workspaceDefinition.spec.parse(full.spec), full.spec);
  assert.deepEqual(workspaceDefinition.status.parse(full.status), full.status);
});

Deno.test("equal records make equal text", () => {
  assert.equal(JSON.stringify(object()), JSON.stringify(object()));
});
