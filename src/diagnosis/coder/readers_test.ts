import assert from "node:assert/strict";
import { CoderApiError } from "../../coder/mod.ts";
import { readAgentLog, readBuildLog, readDaemons, readJobs, readQuota, readVersion } from "./mod.ts";
import { readerOf } from "./testing.ts";

const TIME = "2026-11-22T07:00:00Z";

Deno.test("a build's log is read from its end", async () => {
  const line = (id: number) => ({
    id,
    created_at: TIME,
    log_level: "info",
    stage: "Setting up",
    output: `${id}`,
  });
  const lines = Array.from({ length: 500 }, (_, id) => line(id));
  const log = await readBuildLog(await readerOf({ "/api/v2/workspacebuilds/b1/logs": lines }), "b1");
  assert.equal(log.length, 400);
  assert.deepEqual(log.at(-1), { at: TIME, level: "info", stage: "Setting up", text: "499" });
});

Deno.test("an agent's log is under its name", async () => {
  const lines = [{ created_at: TIME, level: "error", output: "no such file" }, null];
  const reader = await readerOf({ "/api/v2/workspaceagents/a1/logs": lines });
  assert.deepEqual(await readAgentLog(reader, { id: "a1", name: "main" }), [
    { at: TIME, level: "error", stage: "main", text: "no such file" },
  ]);
});

Deno.test("daemons are asked for with those that are gone", async () => {
  const daemon = {
    name: "prov-1",
    status: "offline",
    tags: { env: "gpu" },
    key_name: "gpu",
    version: "v2.30.0",
    api_version: "1.11",
    last_seen_at: TIME,
  };
  const asked: unknown[] = [];
  const path = "/api/v2/organizations/acme/provisionerdaemons";
  const reader = await readerOf({ [path]: [daemon, "strange"] }, (_, query) => asked.push(query));
  assert.deepEqual(await readDaemons(reader, "acme"), [{
    name: "prov-1",
    status: "offline",
    tags: { env: "gpu" },
    keyName: "gpu",
    version: "v2.30.0",
    apiVersion: "1.11",
    lastSeenAt: TIME,
  }]);
  assert.deepEqual(asked, [{ limit: 500, offline: true }]);
});

Deno.test("an answer that is no list does not mean that there are no daemons", async () => {
  const path = "/api/v2/organizations/acme/provisionerdaemons";
  await assert.rejects(readDaemons(await readerOf({ [path]: "<html>" }), "acme"));
  assert.deepEqual(await readDaemons(await readerOf({ [path]: null }), "acme"), []);
});

Deno.test("where Coder says that there are none, somebody may not see them", async () => {
  const call = { method: "GET", route: "/api/v2/organizations/{organization}/provisionerdaemons" } as const;
  const text = "Resource not found or you do not have access to this resource";
  const gone = new CoderApiError(text, { kind: "notFound", call, status: 404 });
  for (const [path, read] of [["provisionerdaemons", readDaemons], ["provisionerjobs", readJobs]] as const) {
    const reader = await readerOf({ [`/api/v2/organizations/acme/${path}`]: gone });
    await assert.rejects(read(reader, "acme"), {
      code: "forbidden",
      message: "Coder shows that to owners and template administrators alone",
    });
  }
});

Deno.test("jobs that wait or run are asked for", async () => {
  const job = {
    id: "j1",
    type: "workspace_build",
    status: "pending",
    created_at: TIME,
    tags: { env: "gpu" },
    queue_position: 2,
    worker_name: null,
    available_workers: ["d1", "d2"],
  };
  const asked: unknown[] = [];
  const path = "/api/v2/organizations/acme/provisionerjobs";
  const reader = await readerOf({ [path]: [job, { type: "no id" }] }, (_, query) => asked.push(query));
  assert.deepEqual(await readJobs(reader, "acme"), [{
    id: "j1",
    type: "workspace_build",
    status: "pending",
    createdAt: TIME,
    tags: { env: "gpu" },
    queuePosition: 2,
    workerName: "",
    availableWorkers: 2,
    error: "",
  }]);
  assert.deepEqual(asked, [{ limit: 200, status: "pending,running" }]);
});

Deno.test("a version is read with its import", async () => {
  const record = {
    id: "v1",
    name: "v2",
    archived: true,
    job: { status: "failed", error: "no", error_code: "REQUIRED_TEMPLATE_VARIABLES", tags: { env: "gpu" } },
    warnings: ["UNSUPPORTED_WORKSPACES", 3],
  };
  const reader = await readerOf({ "/api/v2/templateversions/v1": record, "/api/v2/templateversions/v2": {} });
  assert.deepEqual(await readVersion(reader, "v1"), {
    id: "v1",
    name: "v2",
    archived: true,
    jobStatus: "failed",
    jobError: "no",
    jobErrorCode: "REQUIRED_TEMPLATE_VARIABLES",
    tags: { env: "gpu" },
    warnings: ["UNSUPPORTED_WORKSPACES"],
  });
  assert.equal((await readVersion(reader, "v2")).jobStatus, "");
});

Deno.test("a quota is two numbers, or none is known", async () => {
  const path = "/api/v2/organizations/g1/members/o1/workspace-quota";
  const reader = await readerOf({ [path]: { credits_consumed: 12, budget: -1 } });
  assert.deepEqual(await readQuota(reader, "g1", "o1"), { consumed: 12, budget: -1 });
  await assert.rejects(readQuota(await readerOf({ [path]: { budget: 3 } }), "g1", "o1"));
});
