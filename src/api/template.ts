/** `CoderTemplate`: a template of a Coder deployment, as the aggregated API server shows it. */
import { z } from "zod";
import { type AggregatedDefinition, aggregatedResource, CATEGORIES, timeOrNull } from "./aggregated.ts";
import { AGE_COLUMN } from "./definition.ts";
import { flag, group, optional, text, time } from "./field.ts";
import type { KubeObject, ResourceType } from "./object.ts";
import { conditions } from "./shared.ts";

const specSchema = group("What the template should be.", {
  organization: text("Organization. The same as the first part of the name. Cannot be changed.").default(""),
  versionID: text(
    "UUID of the active version. A new template without files needs one; later it follows the files.",
  ).default(""),
  displayName: optional(text("Name for people.")),
  description: optional(text("What it is for.")),
  icon: optional(text("Address or path of a picture.")),
  files: optional(
    z.record(z.string(), z.string()).meta({
      description:
        "Source files of the active version, path to text. Given when one template is read, not in lists and watches. Files that are no text, or too large, are left out and kept.",
      "x-kubernetes-map-type": "atomic",
    }),
  ),
  running: optional(flag("Has no meaning; accepted for manifests that have it.")),
});

const statusSchema = group("What Coder says of it.", {
  id: optional(text("UUID in Coder, which is also metadata.uid.")),
  organizationName: optional(text("Organization.")),
  activeVersionID: optional(text("UUID of the version that new workspaces are built of.")),
  deprecated: optional(flag("Whether new workspaces of it are refused. Absent means no.")),
  updatedAt: timeOrNull("When it was last changed or given another version."),
  autoShutdown: optional(time("Has no meaning; never set.")),
  deprecationMessage: optional(text("Why it is deprecated, and what to use.")),
  accessURL: optional(text("Its page in Coder.")),
  omittedFiles: optional(
    z.array(z.string()).meta({
      description: "Files of the active version that spec.files leaves out: no text, too large, odd paths.",
    }),
  ),
  conditions: conditions("The state, aspect by aspect: Deprecated."),
});

export type TemplateSpec = z.output<typeof specSchema>;
export type TemplateSpecInput = z.input<typeof specSchema>;
export type TemplateStatus = z.output<typeof statusSchema>;

/** The object as it is served. */
export interface CoderTemplate extends KubeObject {
  spec: TemplateSpec;
  status: TemplateStatus;
}

/** `codertemplates.aggregation.coder.com` */
export const CoderTemplates: ResourceType<CoderTemplate> = aggregatedResource(
  "CoderTemplate",
  "codertemplates",
);

/** See {@linkcode AggregatedDefinition}. */
export const templateDefinition: AggregatedDefinition = {
  resource: CoderTemplates,
  singular: "codertemplate",
  shortNames: ["ctpl"],
  categories: CATEGORIES,
  description: "A template of a Coder deployment. Its name is <organization>.<template>.",
  columns: [
    {
      name: "Organization",
      type: "string",
      jsonPath: ".spec.organization",
      description: "Organization in Coder.",
    },
    {
      name: "Display Name",
      type: "string",
      jsonPath: ".spec.displayName",
      description: "Name for people.",
    },
    {
      name: "Deprecated",
      type: "boolean",
      jsonPath: ".status.deprecated",
      description: "Whether new workspaces of it are refused.",
      priority: 1,
    },
    {
      name: "Updated",
      type: "date",
      jsonPath: ".status.updatedAt",
      description: "Time since it was changed.",
    },
    {
      name: "Active Version",
      type: "string",
      jsonPath: ".status.activeVersionID",
      description: "UUID of the active version.",
      priority: 1,
    },
    {
      name: "URL",
      type: "string",
      jsonPath: ".status.accessURL",
      description: "Its page in Coder.",
      priority: 1,
    },
    AGE_COLUMN,
  ],
  selectableFields: ["spec.organization"],
  spec: specSchema,
  status: statusSchema,
};
