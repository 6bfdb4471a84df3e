import assert from "node:assert/strict";
import { boundWorkerId, objectionToHello, objectionToId } from "./worker_ids.ts";

const WORKSPACE = "11111111-2222-4333-8444-555555555555";
const OWNER = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
const binding = { workspaceId: WORKSPACE, ownerId: OWNER };

Deno.test("a worker in a workspace has the workspace's id and no other", () => {
  assert.equal(boundWorkerId(binding), `ws-${WORKSPACE}`);
  assert.equal(objectionToId(`ws-${WORKSPACE}`, binding), undefined);
  for (const id of ["w1", "", `ws-${OWNER}`, "workspaces"]) {
    assert.match(objectionToId(id, binding) ?? "", /is called ws-11111111-/, id);
  }
  for (
    const wrong of [
      { workspaceId: "dev", ownerId: OWNER },
      { workspaceId: WORKSPACE, ownerId: "ann" },
      { workspaceId: WORKSPACE.toUpperCase() + "A", ownerId: OWNER },
      { workspaceId: `${WORKSPACE}\n`, ownerId: OWNER },
    ]
  ) assert.match(objectionToId(boundWorkerId(wrong), wrong) ?? "", /as Coder writes them/);
});

Deno.test("names that are not theirs to choose are refused to all others", () => {
  for (const id of ["w1", "ws-1", "workspaces-2", `ws-${WORKSPACE}-2`, "a".repeat(63)]) {
    assert.equal(objectionToId(id), undefined, id);
  }
  for (const id of ["workspaces", "Workspaces", "WORKSPACES"]) {
    assert.match(objectionToId(id) ?? "", /the coordinator's own name/);
  }
  for (const id of [`ws-${WORKSPACE}`, `ws-${OWNER.toUpperCase()}`]) {
    assert.match(objectionToId(id) ?? "", /--workspace-owner/);
  }
  for (const id of ["", "-a", "a b", "a".repeat(64), "a\n"]) {
    assert.match(objectionToId(id) ?? "", /cannot be a worker's id/);
  }
});

Deno.test("where sessions run is for the token to say", () => {
  const hello = (isolation: "full" | "namespaces" | "none" | "workspace", sharedStorage = "") => ({
    isolation,
    sharedStorage,
  });
  assert.equal(objectionToHello(hello("workspace"), binding), undefined);
  assert.equal(objectionToHello(hello("full", "nfs"), undefined), undefined);
  assert.match(objectionToHello(hello("workspace"), undefined) ?? "", /bound to none/);
  for (const isolation of ["full", "namespaces", "none"] as const) {
    assert.match(objectionToHello(hello(isolation), binding) ?? "", /--in-workspace/);
  }
  assert.match(objectionToHello(hello("workspace", "nfs"), binding) ?? "", /--shared-workspaces/);
});
