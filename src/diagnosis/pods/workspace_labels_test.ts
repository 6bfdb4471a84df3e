import assert from "node:assert/strict";
import { workspaceSelectors } from "./workspace_labels.ts";

Deno.test("pods of a workspace are found by its id, the surest label first", () => {
  const id = "0e2c1b2a-1111-4222-8333-444455556666";
  assert.deepEqual(workspaceSelectors(id), [
    `com.coder.workspace.id=${id}`,
    `app.kubernetes.io/instance=coder-workspace-${id}`,
  ]);
});

Deno.test("what is no id selects nothing, and never everything", () => {
  for (const id of ["", "x", "0e2c1b2a-1111-4222-8333-444455556666,a=b", "a=b"]) {
    assert.deepEqual(workspaceSelectors(id), []);
  }
});
