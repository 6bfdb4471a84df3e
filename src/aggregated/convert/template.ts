/** A template of Coder as a Kubernetes object. A pure function: equal records make equal objects. */
import type { Condition } from "../../api/kubernetes/types.ts";
import { apiVersionOf } from "../../api/object.ts";
import { type CoderTemplate, CoderTemplates } from "../../api/template.ts";
import type { SourceFiles, Template } from "../../inventory/mod.ts";
import { metadataOf, type Place, timeOf, unlessEmpty } from "./metadata.ts";

const API_VERSION = apiVersionOf(CoderTemplates);

/** The object without a resource version and without files. */
export function templateObject(template: Template, place: Place): CoderTemplate {
  const { access } = place.addresses;
  const page = access === "" ? "" : `${access}/templates/${template.organization_name}/${template.name}`;
  return {
    apiVersion: API_VERSION,
    kind: CoderTemplates.kind,
    metadata: metadataOf(place, template),
    spec: {
      organization: template.organization_name,
      versionID: template.active_version_id,
      ...unlessEmpty("displayName", template.display_name),
      ...unlessEmpty("description", template.description),
      ...unlessEmpty("icon", template.icon),
    },
    status: {
      id: template.id,
      ...unlessEmpty("organizationName", template.organization_name),
      ...unlessEmpty("activeVersionID", template.active_version_id),
      ...(template.deprecated ? { deprecated: true } : {}),
      updatedAt: timeOf(template.updated_at) ?? null,
      ...unlessEmpty("deprecationMessage", template.deprecation_message),
      ...unlessEmpty("accessURL", page),
      conditions: [deprecation(template)],
    },
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

function deprecation(template: Template): Condition {
  const time = timeOf(template.deprecated ? template.updated_at : template.created_at);
  return {
    type: "Deprecated",
    status: template.deprecated ? "True" : "False",
    reason: template.deprecated ? "Deprecated" : "InUse",
    message: template.deprecated
      ? template.deprecation_message || "New workspaces of it are refused"
      : "New workspaces of it are accepted",
    lastTransitionTime: time ?? "1970-01-01T00:00:00Z",
  };
}
