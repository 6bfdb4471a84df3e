/** `CoderWorkspace`: a workspace of a Coder deployment, as the aggregated API server shows it. */
import type { z } from "zod";
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
import { agents, health } from "./workspace_agents.ts";

const specSchema = group("What the workspace should be.", {
  organization: optional(text("Organization. The same as the first part of the name. Cannot be changed.")),
  templateName: optional(
    text("Template, by its name in the organization. Required for a new workspace; cannot be changed."),
  ),
  templateVersionID: optional(text(
    "UUID of the template's version that it is built of: of the latest build, or of the one that was asked for. Another one makes Coder build it anew.",
  )),
  running: optional(flag(
    "Whether it should run. Absent in a new workspace: it is started, as Coder does. Absent in a change: it stays as it is.",
  )),
  presetID: optional(
    text("UUID of a preset of the template's version. For a new workspace; cannot be changed."),
  ),
  parameters: optional(texts(
    "Values of the template's parameters, by name. Those that are not named keep their values, or have the template's. Shown where they were given here.",
  )),
  ttlMillis: optional(
    int64(
      "Milliseconds after a start at which Coder stops it; 0: never. Absent: Coder does not stop it by itself.",
    ),
  ),
  autostartSchedule: optional(
    text(
      "When Coder starts it by itself, as cron; empty: never. Example: CRON_TZ=Europe/Berlin 30 9 * * 1-5.",
    ),
  ),
});

const latestBuild = group("The latest build: the last start, stop or deletion.", {
  number: int64("Number of the build, counted from 1."),
  transition: text("What it does: start, stop or delete."),
  reason: optional(
    text("Why there is this build, such as initiator, autostart, autostop, dormancy or dashboard."),
  ),
  initiatorName: optional(text("User who asked for it.")),
  templateVersionName: optional(text("Name of the template's version that it uses.")),
  createdAt: optional(time("When it was asked for.")),
  completedAt: optional(time("When it was over.")),
  error: optional(text("What went wrong.")),
  errorCode: optional(text("Coder's code of that, such as REQUIRED_TEMPLATE_VARIABLES.")),
});

const statusSchema = group("What Coder says of it.", {
  id: optional(text("UUID in Coder, which is also metadata.uid.")),
  ownerName: optional(text("User whose workspace it is.")),
  organizationName: optional(text("Organization.")),
  templateName: optional(text("Template.")),
  latestBuildID: optional(text("UUID of the latest build.")),
  latestBuildStatus: optional(text(
    "State of the latest build: pending, starting, running, stopping, stopped, failed, canceling, canceled, deleting or deleted.",
  )),
  autoShutdown: optional(
    time("Deadline of the latest build, as Coder has it. status.deadline is absent when none is due."),
  ),
  lastUsedAt: timeOrNull("When somebody last used it; null where nobody ever did."),
  templateID: optional(text("UUID of the template.")),
  templateDisplayName: optional(text("Name of the template for people.")),
  ownerID: optional(text("UUID of the owner.")),
  accessURL: optional(text("Its page in Coder.")),
  latestBuild: optional(latestBuild),
  health: health(),
  agents: agents(),
  outdated: optional(
    flag("Whether the template has another active version than the latest build used. Absent means no."),
  ),
  automaticUpdates: optional(text("Whether a start takes the active version: always or never.")),
  dormantAt: optional(time("Since when it is dormant. Absent: it is not.")),
  deletingAt: optional(time("When Coder will delete it if it stays dormant.")),
  deadline: optional(time("When Coder will stop it. Absent: it does not run, or is not stopped by itself.")),
  maxDeadline: optional(time("How far the deadline can be put off.")),
  nextStartAt: optional(time("When Coder will start it by itself.")),
  conditions: conditions(
    "The state, aspect by aspect: Ready (it can be used; absent while it is stopped), Building, Dormant, Outdated; ChangePending while something that was asked for waits (True) or after it was refused (False); Reconciling and Stalled appear while they are true.",
  ),
});

export type WorkspaceSpec = z.output<typeof specSchema>;
export type WorkspaceSpecInput = z.input<typeof specSchema>;
export type WorkspaceStatus = z.output<typeof statusSchema>;

/** The object as it is served. */
export interface CoderWorkspace extends KubeObject {
  spec: WorkspaceSpec;
  status: WorkspaceStatus;
}

/** `coderworkspaces.aggregation.coder.com` */
export const CoderWorkspaces: ResourceType<CoderWorkspace> = aggregatedResource(
  "CoderWorkspace",
  "coderworkspaces",
);

/** See {@linkcode AggregatedDefinition}. */
export const workspaceDefinition: AggregatedDefinition = {
  resource: CoderWorkspaces,
  singular: "coderworkspace",
  shortNames: ["cws"],
  categories: CATEGORIES,
  description: "A workspace of a Coder deployment. Its name is <organization>.<owner>.<workspace>.",
  columns: [
    {
      name: "Organization",
      type: "string",
      jsonPath: ".spec.organization",
      description: "Organization in Coder.",
    },
    { name: "Owner", type: "string", jsonPath: ".status.ownerName", description: "User whose it is." },
    { name: "Template", type: "string", jsonPath: ".spec.templateName", description: "Template it is of." },
    {
      name: "Status",
      type: "string",
      jsonPath: ".status.latestBuildStatus",
      description: "State of the latest build.",
    },
    {
      name: "Healthy",
      type: "boolean",
      jsonPath: ".status.health.healthy",
      description: "Whether its agents are well.",
      priority: 1,
    },
    {
      name: "Outdated",
      type: "boolean",
      jsonPath: ".status.outdated",
      description: "Whether the template has a newer version.",
      priority: 1,
    },
    {
      name: "Version",
      type: "string",
      jsonPath: ".status.latestBuild.templateVersionName",
      description: "Version of the template that it was built of.",
      priority: 1,
    },
    {
      name: "Last Used",
      type: "date",
      jsonPath: ".status.lastUsedAt",
      description: "Time since somebody used it.",
      priority: 1,
    },
    {
      name: "Stops At",
      type: "string",
      jsonPath: ".status.deadline",
      description: "When Coder will stop it.",
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
  selectableFields: [
    "spec.organization",
    "spec.templateName",
    "spec.running",
    "status.ownerName",
    "status.latestBuildStatus",
  ],
  spec: specSchema,
  status: statusSchema,
};
