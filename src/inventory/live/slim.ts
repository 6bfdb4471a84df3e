/** Records with as few texts of their own as possible: owners, organizations and templates are the same thousands of times. */
import type { Template, Workspace, WorkspaceBuild } from "../../coder/mod.ts";
import type { StringPool } from "./records.ts";

export function slimWorkspace(record: Workspace, pool: StringPool): Workspace {
  const share = (text: string) => pool.share(text);
  return {
    ...record,
    owner_id: share(record.owner_id),
    owner_name: share(record.owner_name),
    organization_id: share(record.organization_id),
    organization_name: share(record.organization_name),
    template_id: share(record.template_id),
    template_name: share(record.template_name),
    template_display_name: share(record.template_display_name),
    automatic_updates: share(record.automatic_updates),
    ...(record.template_active_version_id
      ? { template_active_version_id: share(record.template_active_version_id) }
      : {}),
    ...(record.autostart_schedule ? { autostart_schedule: share(record.autostart_schedule) } : {}),
    latest_build: slimBuild(record.latest_build, pool),
  };
}

function slimBuild(build: WorkspaceBuild, pool: StringPool): WorkspaceBuild {
  const share = (text: string) => pool.share(text);
  return {
    ...build,
    transition: share(build.transition),
    status: share(build.status),
    template_version_id: share(build.template_version_id),
    template_version_name: share(build.template_version_name),
    reason: share(build.reason),
    initiator_name: share(build.initiator_name),
  };
}

export function slimTemplate(record: Template, pool: StringPool): Template {
  return {
    ...record,
    organization_id: pool.share(record.organization_id),
    organization_name: pool.share(record.organization_name),
  };
}
