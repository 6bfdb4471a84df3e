import assert from "node:assert/strict";
import { template, workspace } from "../testing/records.ts";
import { StringPool } from "./records.ts";
import { slimTemplate, slimWorkspace } from "./slim.ts";
import { isChanging, isUnderWay } from "./workspace_state.ts";

Deno.test("a slim record says the same", () => {
  const pool = new StringPool();
  assert.deepEqual(slimWorkspace(workspace(), pool), workspace());
  assert.deepEqual(slimTemplate(template(), pool), template());
  const bare = workspace({ template_active_version_id: null, autostart_schedule: null });
  assert.deepEqual(slimWorkspace(bare, pool), bare);
});

Deno.test("a workspace changes by itself while it is built, and until its agents are there", () => {
  assert.equal(isUnderWay("pending"), true);
  assert.equal(isUnderWay("running"), false);
  assert.equal(isUnderWay("toString"), false);
  assert.equal(isChanging(workspace()), false);
});
