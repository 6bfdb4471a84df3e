/** Records of Coder for tests. For tests alone. */
import type { Template, Workspace, WorkspaceAgent, WorkspaceBuild } from "../../coder/mod.ts";

/** `00000000-0000-4000-8000-0000000000NN` */
export function uuid(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
}

/** A build that runs, without agents. */
export function build(changes: Partial<WorkspaceBuild> = {}): WorkspaceBuild {
  return {
    id: uuid(10),
    build_number: 3,
    transition: "start",
    status: "running",
    created_at: "2026-05-01T10:00:00.123456Z",
    updated_at: "2026-05-01T10:00:05.9Z",
    template_version_id: uuid(11),
    template_version_name: "swift_fox1",
    reason: "initiator",
    initiator_name: "alice",
    deadline: "2026-05-01T18:00:00Z",
    max_deadline: null,
    job: {
      id: uuid(12),
      status: "succeeded",
      error: "",
      error_code: "",
      completed_at: "2026-05-01T10:00:05Z",
    },
    resources: [],
    ...changes,
  };
}

/** An agent that is ready. */
export function agent(changes: Partial<WorkspaceAgent> = {}): WorkspaceAgent {
  return {
    id: uuid(20),
    parent_id: null,
    name: "main",
    status: "connected",
    lifecycle_state: "ready",
    health: { healthy: true, reason: "" },
    operating_system: "linux",
    architecture: "amd64",
    expanded_directory: "/home/coder",
    directory: "~",
    version: "v2.30.0",
    ready_at: "2026-05-01T10:00:20Z",
    apps: [],
    ...changes,
  };
}

export function workspace(changes: Partial<Workspace> = {}): Workspace {
  return {
    id: uuid(1),
    name: "dev",
    owner_id: uuid(2),
    owner_name: "alice",
    organization_id: uuid(3),
    organization_name: "acme",
    template_id: uuid(4),
    template_name: "docker",
    template_display_name: "Docker",
    template_active_version_id: uuid(11),
    outdated: false,
    latest_build: build(),
    ttl_ms: 28_800_000,
    autostart_schedule: "CRON_TZ=UTC 30 9 * * 1-5",
    automatic_updates: "never",
    last_used_at: "2026-05-01T11:30:00.5Z",
    dormant_at: null,
    deleting_at: null,
    next_start_at: "2026-05-04T09:30:00Z",
    health: { healthy: true, failing_agents: [] },
    created_at: "2026-04-01T09:00:00.75Z",
    updated_at: "2026-04-01T09:00:00.75Z",
    ...changes,
  };
}

export function template(changes: Partial<Template> = {}): Template {
  return {
    id: uuid(4),
    name: "docker",
    display_name: "Docker",
    description: "Containers",
    icon: "/icon/docker.svg",
    organization_id: uuid(3),
    organization_name: "acme",
    active_version_id: uuid(11),
    deprecated: false,
    deprecation_message: "",
    created_at: "2026-03-01T08:00:00Z",
    updated_at: "2026-04-02T08:00:00.4Z",
    default_ttl_ms: 28_800_000,
    activity_bump_ms: 3_600_000,
    autostop_requirement: { days_of_week: [], weeks: 1 },
    autostart_requirement: { days_of_week: ["monday", "friday"] },
    allow_user_cancel_workspace_jobs: true,
    allow_user_autostart: true,
    allow_user_autostop: true,
    failure_ttl_ms: 0,
    time_til_dormant_ms: 0,
    time_til_dormant_autodelete_ms: 0,
    require_active_version: false,
    max_port_share_level: "owner",
    cors_behavior: "simple",
    use_classic_parameter_flow: false,
    ...changes,
  };
}
