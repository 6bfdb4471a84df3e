import assert from "node:assert/strict";
import { mcpSurface } from "./mcp_surface.ts";

const config = {
  mcpToolsets: ["core"],
  mcpReadOnly: false,
  mcpAllowTools: [],
  mcpDenyTools: [],
  mcpToolNames: "plain",
} as const;
const names = (more: Partial<Parameters<typeof mcpSurface>[0]>) =>
  mcpSurface({ ...config, ...more }).catalog.tools.map(({ name }) => name);

Deno.test("the default is the fourteen tools of the Go server, four more for workspaces, and three diagnoses", () => {
  assert.deepEqual(names({}), [
    "check_health",
    "create_workspace",
    "delete_workspace",
    "diagnose_control_plane",
    "diagnose_provisioner",
    "diagnose_workspace",
    "get_control_plane_deployment_status",
    "get_control_plane_status",
    "get_events",
    "get_pod_logs",
    "get_service_status",
    "get_template",
    "get_workspace",
    "get_workspace_build_log",
    "list_control_plane_pods",
    "list_control_planes",
    "list_templates",
    "list_workspaces",
    "set_template_running",
    "set_workspace_running",
    "update_workspace",
  ]);
});

Deno.test("what may only be read has no tool that changes anything, and a slip of the pen starts nothing", () => {
  const all = ["core", "workspaces", "templates", "platform", "tasks", "kubernetes"] as const;
  for (const { tool } of mcpSurface({ ...config, mcpToolsets: all, mcpReadOnly: true }).catalog.tools) {
    assert.equal(tool.kind, "read");
  }
  assert.deepEqual(names({ mcpAllowTools: ["check_health"] }), ["check_health"]);
  assert.throws(() => names({ mcpDenyTools: ["delete_workspaces"] }), /no tool delete_workspaces/);
  for (const name of names({ mcpToolsets: all })) assert.match(name, /^[a-zA-Z0-9_-]{1,64}$/);
});
