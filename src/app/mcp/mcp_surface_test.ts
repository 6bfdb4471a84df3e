import assert from "node:assert/strict";
import type { SurfaceCall } from "../../mcp/surface.ts";
import { sessionsSlot } from "../sandbox/sessions_slot.ts";
import { mcpSurface } from "./mcp_surface.ts";

const config = {
  mcpToolsets: ["core"],
  mcpReadOnly: false,
  mcpAllowTools: [],
  mcpDenyTools: [],
  mcpToolNames: "plain",
} as const;
const names = (more: Partial<Parameters<typeof mcpSurface>[0]>) =>
  mcpSurface({ ...config, ...more }, sessionsSlot().sessions).catalog.tools.map(({ name }) => name);

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
  for (
    const { tool } of mcpSurface(
      { ...config, mcpToolsets: all, mcpReadOnly: true },
      sessionsSlot().sessions,
    ).catalog.tools
  ) {
    assert.equal(tool.kind, "read");
  }
  assert.deepEqual(names({ mcpAllowTools: ["check_health"] }), ["check_health"]);
  assert.throws(() => names({ mcpDenyTools: ["delete_workspaces"] }), /no tool delete_workspaces/);
  for (const name of names({ mcpToolsets: all })) assert.match(name, /^[a-zA-Z0-9_-]{1,64}$/);
});

Deno.test("sessions are there where their toolset is chosen, or a tool of it", async () => {
  const { sessions } = sessionsSlot();
  const plain = mcpSurface(config, sessions);
  assert.equal(plain.hasSessions, false);
  assert.doesNotMatch(plain.instructions, /session\.create/);
  assert.deepEqual(
    plain.resources.templates.filter(({ uriTemplate }) => uriTemplate.startsWith("session:")),
    [],
  );
  for (const more of [{ mcpToolsets: ["core", "sessions"] as const }, { mcpAllowTools: ["run.command"] }]) {
    const surface = mcpSurface({ ...config, ...more }, sessions);
    assert.equal(surface.hasSessions, true);
    assert.match(surface.instructions, /session\.create/);
    assert.equal(surface.resources.templates.at(-1)?.name, "session-file");
    await assert.rejects(
      () => surface.resources.read("session://sess-0123456789abcdef/x", call),
      { code: "unavailable" },
    );
  }
});

Deno.test("files of sessions are no resources where no tool shows what is in them", () => {
  const shelf = (more: Partial<Parameters<typeof mcpSurface>[0]>) =>
    mcpSurface({ ...config, mcpToolsets: ["sessions"], ...more }, sessionsSlot().sessions)
      .resources.templates.some(({ name }) => name === "session-file");
  assert.equal(shelf({}), true);
  assert.equal(shelf({ mcpReadOnly: true }), true);
  assert.equal(shelf({ mcpDenyTools: ["fs.read"] }), true);
  assert.equal(shelf({ mcpDenyTools: ["fs_read", "artifact_get", "run_command"] }), false);
  assert.equal(shelf({ mcpReadOnly: true, mcpDenyTools: ["fs.read", "artifact.get"] }), false);
  assert.equal(shelf({ mcpAllowTools: ["session.list"] }), false);
});

const call = {
  caller: { user: { name: "ann", groups: [], extra: {} }, method: "token", id: "ann" },
  signal: new AbortController().signal,
} as unknown as SurfaceCall;
