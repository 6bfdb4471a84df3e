/** All tools for templates. */
import type { Tool } from "../tool.ts";
import { diffTemplateVersions } from "./template_diff.ts";
import { promoteTemplateVersion, rollBackTemplate } from "./template_promote.ts";
import { pushTemplateVersion } from "./template_push.ts";
import { getTemplateVersionLog, listTemplateVersions } from "./template_versions.ts";
import { getTemplate, listTemplates, setTemplateRunning } from "./templates.ts";

export const TEMPLATE_TOOLS: readonly Tool[] = [
  listTemplates,
  getTemplate,
  setTemplateRunning,
  listTemplateVersions,
  diffTemplateVersions,
  getTemplateVersionLog,
  pushTemplateVersion,
  promoteTemplateVersion,
  rollBackTemplate,
];
