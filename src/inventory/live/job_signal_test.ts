import assert from "node:assert/strict";
import type { ProvisionerJob } from "../../coder/mod.ts";
import { uuid } from "../testing/records.ts";
import { JobSignal } from "./job_signal.ts";

function job(id: number, changes: Partial<ProvisionerJob> = {}): ProvisionerJob {
  return {
    id: uuid(id),
    organization_id: uuid(1),
    status: "pending",
    tags: {},
    type: "workspace_build",
    worker_id: "",
    worker_name: "",
    created_at: "2026-01-01T00:00:00Z",
    metadata: { workspace_id: uuid(100 + id) },
    ...changes,
  };
}

function jobs() {
  const open = new Map<string, ProvisionerJob[]>();
  const asked: string[] = [];
  const signal = new JobSignal();
  const client = {
    provisionerJobs: {
      list(organization: string) {
        asked.push(organization);
        return Promise.resolve(open.get(organization) ?? []);
      },
    },
  };
  return {
    open,
    asked,
    async news(...organizations: string[]) {
      const limits = { signal: new AbortController().signal, timeoutMs: 1_000 };
      const { workspaces, hasUnnamed } = await signal.news(client, organizations, limits);
      return [...[...workspaces].map((id) => Number(id.slice(-4))), ...(hasUnnamed ? ["unnamed"] : [])];
    },
  };
}

Deno.test("jobs tell of their workspaces when they come, change and go", async () => {
  const rig = jobs();
  assert.deepEqual(await rig.news("a"), []);
  rig.open.set("a", [job(1), job(2)]);
  assert.deepEqual(await rig.news("a"), [101, 102]);
  assert.deepEqual(await rig.news("a"), []);
  rig.open.set("a", [job(1, { status: "running" }), job(2)]);
  assert.deepEqual(await rig.news("a"), [101]);
  rig.open.set("a", [job(2)]);
  assert.deepEqual(await rig.news("a"), [101]);
});

Deno.test("imports of templates are no news; builds that do not say of what are", async () => {
  const rig = jobs();
  rig.open.set("a", [job(1, { type: "template_version_import", metadata: null })]);
  assert.deepEqual(await rig.news("a"), []);
  rig.open.set("a", [job(2, { metadata: null })]);
  assert.deepEqual(await rig.news("a"), ["unnamed"]);
  rig.open.set("a", []);
  assert.deepEqual(await rig.news("a"), ["unnamed"]);
});

Deno.test("organizations are looked at apart, and many of them in turn", async () => {
  const rig = jobs();
  rig.open.set("b", [job(1)]);
  assert.deepEqual(await rig.news("a", "b"), [101]);
  rig.asked.length = 0;
  const many = ["a", "b", "c", "d", "e", "f"];
  await rig.news(...many);
  await rig.news(...many);
  assert.equal(rig.asked.length, 8);
  assert.deepEqual([...new Set(rig.asked)].sort(), many);
});
