/** A template of Coder as a Kubernetes object. A pure function: equal records make equal objects. */
import { apiVersionOf } from "../../api/object.ts";
import { type CoderTemplate, CoderTemplates, type TemplateSettingsSpec } from "../../api/template.ts";
import type { SourceFiles, Template } from "../../inventory/mod.ts";
import { keptMetadata, keptSource, keptTemplateSpec } from "./kept.ts";
import { metadataOf, type Place, timeOf, unlessEmpty } from "./metadata.ts";
import { NO_OVERLAY, type Overlay } from "./overlay.ts";
import { templateConditions } from "./template_conditions.ts";

const API_VERSION = apiVersionOf(CoderTemplates);

/** The object without a resource version and without files. */
export function templateObject(
  template: Template,
  place: Place,
  overlay: Overlay = NO_OVERLAY,
): CoderTemplate {
  const { access } = place.addresses;
  const page = access === "" ? "" : `${access}/templates/${template.organization_name}/${template.name}`;
  const { shadow, change } = overlay;
  const { variables, provisionerTags, source } = keptTemplateSpec(shadow);
  const pending = change === undefined || change.failure !== undefined ? undefined : change.version;
  return {
    apiVersion: API_VERSION,
    kind: CoderTemplates.kind,
    metadata: metadataOf(place, template, shadow, keptMetadata(shadow).deletionTimestamp),
    spec: {
      organization: template.organization_name,
      versionID: template.active_version_id,
      ...unlessEmpty("displayName", template.display_name),
      ...unlessEmpty("description", template.description),
      ...unlessEmpty("icon", template.icon),
      settings: settingsOf(template),
      ...(variables === undefined ? {} : { variables }),
      ...(provisionerTags === undefined ? {} : { provisionerTags }),
      ...(source === undefined ? {} : { source }),
    },
    status: {
      id: template.id,
      ...unlessEmpty("organizationName", template.organization_name),
      ...unlessEmpty("activeVersionID", template.active_version_id),
      ...(template.deprecated ? { deprecated: true } : {}),
      updatedAt: timeOf(template.updated_at) ?? null,
      ...unlessEmpty("deprecationMessage", template.deprecation_message),
      ...unlessEmpty("accessURL", page),
      ...unlessEmpty("pendingVersionID", pending),
      ...keptSource(shadow),
      conditions: templateConditions(template, overlay),
    },
  };
}

/** All that Coder says, zero and empty included: who sets them sees them, and nobody takes them for unset. */
export function settingsOf(template: Template): TemplateSettingsSpec {
  const { autostop_requirement: stop, autostart_requirement: start } = template;
  return {
    defaultTTLMillis: template.default_ttl_ms,
    activityBumpMillis: template.activity_bump_ms,
    ...(stop === null || stop === undefined
      ? {}
      : { autostopRequirement: { daysOfWeek: stop.days_of_week, weeks: stop.weeks } }),
    ...(start === null || start === undefined
      ? {}
      : { autostartRequirement: { daysOfWeek: start.days_of_week } }),
    allowUserAutostart: template.allow_user_autostart,
    allowUserAutostop: template.allow_user_autostop,
    allowUserCancelWorkspaceJobs: template.allow_user_cancel_workspace_jobs,
    failureTTLMillis: template.failure_ttl_ms,
    timeTilDormantMillis: template.time_til_dormant_ms,
    timeTilDormantAutoDeleteMillis: template.time_til_dormant_autodelete_ms,
    requireActiveVersion: template.require_active_version,
    deprecationMessage: template.deprecation_message,
    // Older versions of Coder do not have them.
    ...unlessEmpty("maxPortShareLevel", template.max_port_share_level),
    ...unlessEmpty("corsBehavior", template.cors_behavior),
    useClassicParameterFlow: template.use_classic_parameter_flow,
  };
}

/** The object as it is read alone, with its source. The one that was given stays as it is. */
export function withFiles(object: CoderTemplate, { files, omitted }: SourceFiles): CoderTemplate {
  const { spec, status } = object;
  return {
    ...object,
    spec: Object.keys(files).length === 0 ? spec : { ...spec, files: { ...files } },
    status: omitted.length === 0 ? status : { ...status, omittedFiles: [...omitted] },
  };
}
