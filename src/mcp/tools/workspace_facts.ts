/** What tools say of a workspace. */
import { z } from "zod";
import type { CoderWorkspace } from "../../api/workspace.ts";
import { cutText } from "../answers/lines.ts";
import { compactText } from "../answers/text.ts";
import { fenced } from "../answers/untrusted.ts";

/** What a change answers. Every field costs each conversation tokens, in the schemas of all tools that have it. */
export const CHANGED_WORKSPACE = {
  name: z.string(),
  namespace: z.string(),
  running: z.boolean(),
  autoShutdown: z.string().optional(),
  state: z.string().optional(),
};

/** As lists have it. */
export const WORKSPACE_BRIEF = { ...CHANGED_WORKSPACE, template: z.string().optional() };

export type WorkspaceBrief = z.output<z.ZodObject<typeof WORKSPACE_BRIEF>>;

/** The first four are the Go server's. `state` is that of the latest build, or `deleting`. */
export function briefOf({ metadata, spec, status }: CoderWorkspace): WorkspaceBrief {
  const state = stateOf({ metadata, status });
  return {
    name: metadata.name ?? "",
    namespace: metadata.namespace ?? "",
    running: spec.running ?? false,
    ...defined("autoShutdown", status?.autoShutdown),
    ...defined("state", state),
    ...defined("template", spec.templateName),
  };
}

function stateOf({ metadata, status }: Pick<CoderWorkspace, "metadata" | "status">): string | undefined {
  const state = status?.latestBuildStatus;
  const isOver = state === "deleted" || state === "deleting";
  return metadata.deletionTimestamp !== undefined && !isOver ? "deleting" : state;
}

/** What one workspace has beside that. */
export const WORKSPACE_DETAILS = {
  ...WORKSPACE_BRIEF,
  outdated: z.boolean().optional(),
  build: z.string().optional(),
  error: z.string().optional(),
  pending: z.string().optional(),
  agents: z.string().optional(),
  parameters: z.record(z.string(), z.string()).optional(),
  ttlMinutes: z.number().optional(),
  autostart: z.string().optional(),
  lastUsed: z.string().optional(),
  url: z.string().optional(),
};

export type WorkspaceDetails = z.output<z.ZodObject<typeof WORKSPACE_DETAILS>>;

/** Everything that somebody would ask next. */
export function detailsOf(workspace: CoderWorkspace): WorkspaceDetails {
  const { spec, status } = workspace;
  const build = status?.latestBuild;
  const dormant = status?.dormantAt === undefined ? [] : [`dormant since ${status.dormantAt}`];
  const pending = [conditionOf(workspace, "ChangePending")?.message, ...dormant].filter((text) => text);
  return {
    ...briefOf(workspace),
    ...(status?.outdated === true ? { outdated: true } : {}),
    ...defined("build", build && buildText(build)),
    ...defined("error", build?.error && cutText(build.error, ERROR_BYTES)),
    ...defined("pending", pending.join("; ")),
    ...defined("agents", agentsText(workspace)),
    ...defined("parameters", spec.parameters),
    ...defined("ttlMinutes", spec.ttlMillis === undefined ? undefined : spec.ttlMillis / 60_000),
    ...defined("autostart", spec.autostartSchedule),
    ...defined("lastUsed", status?.lastUsedAt ?? undefined),
    ...defined("url", status?.accessURL === undefined ? undefined : plainUrl(status.accessURL)),
  };
}

/** Terraform's errors may be long; the log has all of them. */
const ERROR_BYTES = 1_024;

/** As text: what a template's author may have written is fenced. */
export function workspaceText(
  { workspace = {}, ...rest }: { readonly workspace?: { readonly error?: string | undefined } | undefined },
): string {
  const { error, ...facts } = workspace;
  const text = compactText({ ...rest, ...(Object.keys(facts).length === 0 ? {} : { workspace: facts }) });
  return error === undefined ? text : `${text}\n${fenced("error of the latest build", error)}`;
}

/** As `#3 start of v2 (by ann, initiator), over 2026-11-22T04:00:00Z`. */
function buildText(
  { number, transition, templateVersionName: version, initiatorName, reason, completedAt }: NonNullable<
    CoderWorkspace["status"]["latestBuild"]
  >,
): string {
  const by = [initiatorName && `by ${initiatorName}`, reason].filter((word) => word).join(", ");
  const words = [`#${number} ${transition}`, version && `of ${version}`, by && `(${by})`];
  return `${words.filter((word) => word).join(" ")}${completedAt ? `, over ${completedAt}` : ""}`;
}

function agentsText({ status }: CoderWorkspace): string | undefined {
  const agents = status?.agents?.map(({ name, status, lifecycleState, healthy, reason }) =>
    `${name}: ${[status, lifecycleState].filter((word) => word).join("/")}${
      healthy ? "" : ` (${reason ?? "not healthy"})`
    }`
  );
  return agents === undefined || agents.length === 0 ? undefined : agents.join("; ");
}

export function conditionOf({ status }: CoderWorkspace, type: string) {
  return status?.conditions?.find((condition) => condition.type === type);
}

/** An address without what proves anything: credentials, query and fragment go. */
export function plainUrl(url: string): string | undefined {
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    // Of others, such as `vscode://…`, nobody knows where a token would be.
    return parsed === null ? undefined : `${parsed.protocol}…`;
  }
  return `${parsed.origin}${parsed.pathname}`;
}

function defined<N extends string, T>(name: N, value: T | undefined): { [K in N]?: T } {
  return (value === undefined || value === "" ? {} : { [name]: value }) as { [K in N]?: T };
}
