import assert from "node:assert/strict";
import { readBuild } from "./build.ts";
import { readerOf } from "./testing.ts";

const ID = "0f1e2d3c-4b5a-4678-9abc-def012345678";
const PATH = `/api/v2/workspaces/${ID}`;

/** As Coder 2.30 has it, and then some. */
const RECORD = {
  id: ID,
  name: "dev",
  owner_name: "ann",
  owner_id: "o1",
  organization_id: "g1",
  organization_name: "acme",
  template_id: "t1",
  template_name: "docker",
  outdated: true,
  template_require_active_version: true,
  dormant_at: null,
  deleting_at: null,
  last_used_at: "2026-11-22T07:00:00Z",
  autostart_schedule: "",
  latest_build: {
    id: "b1",
    build_number: 4,
    transition: "start",
    status: "running",
    reason: "autostart",
    initiator_name: "ann",
    created_at: "2026-11-22T07:00:00Z",
    deadline: "0001-01-01T00:00:00Z",
    template_version_id: "v1",
    template_version_name: "v2",
    daily_cost: 3,
    job: {
      status: "succeeded",
      tags: { scope: "organization", owner: "" },
      created_at: "2026-11-22T07:00:00Z",
      started_at: "2026-11-22T07:00:01Z",
      completed_at: "2026-11-22T07:00:09Z",
      worker_name: "prov-1",
      queue_position: 0,
      queue_size: 0,
    },
    matched_provisioners: { count: 3, available: 2, most_recently_seen: "2026-11-22T07:00:00Z" },
    resources: [
      { type: "volume", agents: null },
      {
        type: "pod",
        agents: [
          {
            id: "a1",
            parent_id: null,
            name: "main",
            status: "timeout",
            lifecycle_state: "created",
            health: { healthy: false, reason: "agent is taking too long to connect" },
            first_connected_at: null,
            created_at: "2026-11-22T07:00:09Z",
            troubleshooting_url: "https://help.example",
            connection_timeout_seconds: 120,
            apps: [{ slug: "code", health: "unhealthy" }, "strange"],
          },
          { id: "a2", parent_id: "a1", name: "container", status: "connected" },
          { name: 7, connection_timeout_seconds: 0 },
        ],
      },
    ],
  },
};

Deno.test("a workspace is read with its latest build, its job and its agents", async () => {
  const asked: string[] = [];
  const facts = await readBuild(await readerOf({ [PATH]: RECORD }, (path) => asked.push(path)), { id: ID });
  assert.deepEqual(asked, [PATH]);
  const { agents: [main, strange, ...more], ...build } = facts;
  assert.deepEqual(more, []);
  assert.deepEqual(
    [build.number, build.status, build.reason, build.initiator, build.deadline, build.dailyCost],
    [4, "running", "autostart", "ann", undefined, 3],
  );
  assert.deepEqual([build.templateVersionId, build.templateVersionName], ["v1", "v2"]);
  assert.deepEqual(build.matched, { count: 3, available: 2, mostRecentlySeen: "2026-11-22T07:00:00Z" });
  assert.deepEqual(build.job, {
    status: "succeeded",
    error: "",
    errorCode: "",
    tags: { scope: "organization", owner: "" },
    createdAt: "2026-11-22T07:00:00Z",
    startedAt: "2026-11-22T07:00:01Z",
    completedAt: "2026-11-22T07:00:09Z",
    canceledAt: undefined,
    workerName: "prov-1",
    queuePosition: 0,
    queueSize: 0,
  });
  assert.deepEqual(build.workspace, {
    id: ID,
    name: "dev",
    ownerName: "ann",
    ownerId: "o1",
    organizationId: "g1",
    organizationName: "acme",
    templateId: "t1",
    templateName: "docker",
    outdated: true,
    templateRequiresActiveVersion: true,
    dormantAt: undefined,
    deletingAt: undefined,
    lastUsedAt: "2026-11-22T07:00:00Z",
    autostartSchedule: undefined,
  });
  assert.deepEqual(
    [
      main?.name,
      main?.status,
      main?.connectionTimeoutSeconds,
      main?.troubleshootingUrl,
      main?.firstConnectedAt,
    ],
    ["main", "timeout", 120, "https://help.example", undefined],
  );
  assert.deepEqual(main?.apps, [{ slug: "code", health: "unhealthy" }]);
  assert.deepEqual([strange?.name, strange?.connectionTimeoutSeconds], ["", undefined]);
});

Deno.test("a workspace is found by its owner and name", async () => {
  const reader = await readerOf({ "/api/v2/users/ann/workspace/dev": RECORD });
  assert.equal((await readBuild(reader, { owner: "ann", name: "dev" })).workspace.id, ID);
});

Deno.test("a record that lacks almost everything is read, and what is none is refused", async () => {
  const bare = await readBuild(await readerOf({ [PATH]: { latest_build: {} } }), { id: ID });
  assert.deepEqual([bare.number, bare.status, bare.job.status, bare.agents, bare.matched], [
    0,
    "",
    "",
    [],
    undefined,
  ]);
  for (const record of ["<html>", {}, { latest_build: null }, null]) {
    const reader = await readerOf({ [PATH]: record });
    await assert.rejects(readBuild(reader, { id: ID }));
  }
});
