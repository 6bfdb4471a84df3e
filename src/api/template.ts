/** `CoderTemplate`: a template of a Coder deployment, as the aggregated API server shows it. */
import { z } from "zod";
import {
  type AggregatedDefinition,
  aggregatedResource,
  CATEGORIES,
  texts,
  timeOrNull,
} from "./aggregated.ts";
import { AGE_COLUMN } from "./definition.ts";
import { flag, group, int64, optional, text, time } from "./field.ts";
import type { KubeObject, ResourceType } from "./object.ts";
import { conditions } from "./shared.ts";

const days = (description: string) =>
  z.array(z.string()).meta({ description, "x-kubernetes-list-type": "set" });

/** What Coder keeps of a template beside its versions. What a change leaves out stays as it is. */
const settingsSchema = group("Settings. Those that a change leaves out stay as they are.", {
  defaultTTLMillis: optional(
    int64("Milliseconds after a start at which workspaces stop, where they say nothing else; 0: never."),
  ),
  activityBumpMillis: optional(int64("How far use puts off that stop, in milliseconds.")),
  autostopRequirement: optional(group("When workspaces have to stop. Needs a licence.", {
    daysOfWeek: optional(days("Days such as monday.")),
    weeks: optional(int64("Every so many weeks.")),
  })),
  autostartRequirement: optional(group("When workspaces may start by themselves. Needs a licence.", {
    daysOfWeek: optional(days("Days such as monday.")),
  })),
  allowUserAutostart: optional(flag("Whether users may say when their workspaces start.")),
  allowUserAutostop: optional(flag("Whether users may say when their workspaces stop.")),
  allowUserCancelWorkspaceJobs: optional(flag("Whether users may cancel builds.")),
  failureTTLMillis: optional(
    int64("Milliseconds after which a workspace whose start failed is stopped; 0: never."),
  ),
  timeTilDormantMillis: optional(
    int64("Milliseconds without use after which a workspace is dormant; 0: never."),
  ),
  timeTilDormantAutoDeleteMillis: optional(
    int64("Milliseconds after which a dormant workspace is deleted; 0: never."),
  ),
  requireActiveVersion: optional(flag("Whether workspaces must use the active version.")),
  deprecationMessage: optional(text("Deprecates the template, and says why; empty: it is in use.")),
  maxPortShareLevel: optional(text("How widely ports may be shared: owner, authenticated or public.")),
  corsBehavior: optional(text("How apps treat other origins: simple or passthru.")),
  useClassicParameterFlow: optional(flag("Whether parameters are asked for in the older way.")),
});

const secretReference = (description: string) =>
  group(description, { name: text("Name of the Secret, in the namespace of this object.") });

const variableSchema = group("The value of one Terraform variable: one of value and valueFrom.", {
  name: text("Name of the variable."),
  value: optional(text("Value. Whoever reads the template reads it.")),
  valueFrom: optional(group("Where the value is.", {
    secretKeyRef: group("One key of a Secret. Whoever writes this must be allowed to get it.", {
      name: text("Name of the Secret, in the namespace of this object."),
      key: text("Key in the Secret's data."),
    }),
  })),
});

const sourceSchema = group("Where the files come from: one of git and oci. Then spec.files is not given.", {
  git: optional(group("A Git repository.", {
    url: text("Address: https://, ssh:// or user@host:path."),
    branch: optional(text("Branch to follow. Absent, as tag and commit: the repository's default branch.")),
    tag: optional(text("Tag to follow.")),
    commit: optional(text("Commit, in full: nothing is followed.")),
    secretRef: optional(secretReference(
      "Credentials: username and password, or bearerToken; for SSH identity and known_hosts; ca.crt for the server's certificate.",
    )),
  })),
  oci: optional(group("An OCI artifact: an image of layers that are tar archives.", {
    url: text("Repository: oci://host/name."),
    tag: optional(text("Tag to follow. Absent, as digest: latest.")),
    digest: optional(text("Digest, as sha256:…: nothing is followed.")),
    secretRef: optional(secretReference(
      "Credentials: .dockerconfigjson, or username and password; ca.crt for the server's certificate.",
    )),
    insecure: optional(flag("Whether plain HTTP is allowed.")),
  })),
  path: optional(text("Folder of the template in it. Absent: its root.")),
  intervalSeconds: optional(int64("Time between two looks, at least 30. Absent: 300.", { minimum: 30 })),
  suspend: optional(flag("Nothing is looked at as long as it is set.")),
  canary: optional(group("Tries a new version by a workspace of its own before it becomes the active one.", {
    parameters: optional(texts("Values of the template's parameters, by name.")),
    presetID: optional(text("UUID of a preset.")),
    timeoutSeconds: optional(
      int64("How long the workspace may take to be ready. Absent: 900.", { minimum: 1 }),
    ),
    waitForAgents: optional(flag("Whether its agents must be ready, not its build alone. Absent: no.")),
  })),
  rollback: optional(group("Goes back to the last good version by itself.", {
    failedBuilds: optional(int64(
      "So many workspaces that could not be started with the new version, and none that could, make it bad. Absent: 2.",
      { minimum: 1 },
    )),
    withinSeconds: optional(int64("For so long after the promotion. Absent: 3600.", { minimum: 1 })),
  })),
});

const specSchema = group("What the template should be.", {
  organization: optional(text("Organization. The same as the first part of the name. Cannot be changed.")),
  versionID: optional(text(
    "UUID of the active version. A new template without files needs one. Later it follows the files; setting it to an earlier version goes back to that.",
  )),
  displayName: optional(text("Name for people.")),
  description: optional(text("What it is for.")),
  icon: optional(text("Address or path of a picture.")),
  settings: optional(settingsSchema),
  files: optional(
    z.record(z.string(), z.string()).meta({
      description:
        "Source files, path to text: of the active version, or of the one that is being built to take its place. Given when one template is read, not in lists and watches. Files that are no text, or too large, are left out and kept.",
      "x-kubernetes-map-type": "atomic",
    }),
  ),
  variables: optional(
    z.array(variableSchema).meta({
      description: "Values of Terraform variables that versions are built with.",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
    }),
  ),
  provisionerTags: optional(texts("Tags of the provisioners that import its versions.")),
  source: optional(sourceSchema),
  running: optional(flag("Has no meaning; accepted for manifests that have it.")),
});

const sourceStatus = group("What is known of spec.source.", {
  revision: optional(text("Commit or digest that the active version was made of. Absent: none was so far.")),
  versionID: optional(text("UUID of the version that was made of it.")),
  attemptedRevision: optional(text("Commit or digest that was looked at last.")),
  checkedAt: optional(time("When the source was last looked at.")),
  phase: optional(
    text("What is done with attemptedRevision now: Building, Canary or Promoting. Absent: nothing."),
  ),
  handledRequest: optional(text("Value of the annotation coder.com/reconcile-at that was last obeyed.")),
  drift: optional(
    flag("Whether the active version is another one than the source's, by somebody's hand. Absent means no."),
  ),
  lastGoodVersionID: optional(text("UUID of the version that is gone back to.")),
  badRevisions: optional(
    z.array(z.string()).meta({ description: "Commits or digests that are not tried again." }),
  ),
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
  pendingVersionID: optional(
    text("UUID of the version that is being imported to become the active one, as soon as it is known."),
  ),
  source: optional(sourceStatus),
  conditions: conditions(
    "The state, aspect by aspect: Deprecated; SourceApplied while files are built or after that failed; SourceReady where there is a source; Ready; Reconciling and Stalled appear while they are true.",
  ),
});

export type TemplateSpec = z.output<typeof specSchema>;
export type TemplateSpecInput = z.input<typeof specSchema>;
export type TemplateSource = z.output<typeof sourceSchema>;
export type TemplateSettingsSpec = z.output<typeof settingsSchema>;
export type TemplateSourceStatus = z.output<typeof sourceStatus>;
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
