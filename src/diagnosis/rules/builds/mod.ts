/** Rules about builds. */
import type { Rule } from "../../types.ts";
import { agentLost } from "./agent_lost.ts";
import { agentNeverConnected } from "./agent_never_connected.ts";
import { appUnhealthy } from "./app_unhealthy.ts";
import { buildAbandoned } from "./build_abandoned.ts";
import { buildCanceled } from "./build_canceled.ts";
import { missingOrInvalidParameter } from "./missing_or_invalid_parameter.ts";
import { missingTemplateVariable } from "./missing_template_variable.ts";
import { noProvisionerForTags } from "./no_provisioner_for_tags.ts";
import { provisionersAllBusy } from "./provisioners_all_busy.ts";
import { startupScriptFailed } from "./startup_script_failed.ts";
import { templateVersionBroken } from "./template_version_broken.ts";
import { terraformError } from "./terraform_error.ts";
import { workspaceBuildStuck } from "./workspace_build_stuck.ts";
import { workspaceChangeRefused } from "./workspace_change_refused.ts";
import { workspaceDormant } from "./workspace_dormant.ts";
import { workspaceOverQuota } from "./workspace_over_quota.ts";

export const BUILD_RULES: readonly Rule[] = [
  noProvisionerForTags,
  provisionersAllBusy,
  workspaceOverQuota,
  missingTemplateVariable,
  missingOrInvalidParameter,
  templateVersionBroken,
  buildAbandoned,
  buildCanceled,
  terraformError,
  agentNeverConnected,
  agentLost,
  startupScriptFailed,
  appUnhealthy,
  workspaceDormant,
  workspaceBuildStuck,
  workspaceChangeRefused,
];
