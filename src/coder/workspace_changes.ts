/** What changes workspaces. Nothing here is repeated by itself: a lost answer is the caller's to look after. */
import { z } from "zod";
import type { Call, CallOptions } from "./call.ts";
import { CoderApiError } from "./errors.ts";
import { listOf, optionalFlag } from "./schema_parts.ts";
import { type Workspace, type WorkspaceBuild, workspaceBuildSchema, workspaceSchema } from "./workspaces.ts";

/** A value of a template's parameter. */
export const parameterValueSchema = z.object({ name: z.string(), value: z.string() });
export type ParameterValue = z.infer<typeof parameterValueSchema>;

export type Transition = "start" | "stop" | "delete";

/** A workspace to be made. Coder starts it at once: there is no way to make one that is stopped. */
export interface NewWorkspace {
  /** At most 32 letters, digits and single dashes. Taken names count whatever their case. */
  name: string;
  /** Of the template, whose active version is used, or one version of it: exactly one of the two. */
  source: { templateId: string } | { versionId: string };
  /** Coder ignores those that the version does not have. */
  parameters?: readonly ParameterValue[] | undefined;
  /** Its values win over `parameters`. */
  presetId?: string | undefined;
  /** Milliseconds. Neither absent nor 0 turns off what the template says. */
  ttlMs?: number | undefined;
  /** As `CRON_TZ=Europe/Berlin 30 9 * * 1-5`. */
  autostart?: string | undefined;
  /** @default {"never"} */
  automaticUpdates?: "always" | "never" | undefined;
}

/** A build to be asked for. A build that would change nothing is a real build all the same. */
export interface NewBuild {
  transition: Transition;
  /** @default {that of the build before} */
  versionId?: string | undefined;
  /** Those that are not named stay as they were. */
  parameters?: readonly ParameterValue[] | undefined;
  presetId?: string | undefined;
  /** Forgets what was built in place of removing it. With `delete` alone. @default {false} */
  orphan?: boolean | undefined;
}

const buildParametersSchema = listOf(parameterValueSchema);
const autostartAnswerSchema = z.object({ parameter_mismatch: optionalFlag });

export interface WorkspaceChangeCalls {
  /** Conflict where the name is taken, or the version is still imported. `owner`: id or name. */
  create(owner: string, workspace: NewWorkspace, options?: CallOptions): Promise<Workspace>;
  /** Conflict as long as any build of the workspace is active, and for a start or stop of a deleted one. */
  build(id: string, build: NewBuild, options?: CallOptions): Promise<WorkspaceBuild>;
  /**
   * Cancels a build; one that runs ends as failed. Conflict where its status is not `expected`, invalid where it is over
   * or being cancelled already.
   */
  cancelBuild(build: string, expected?: "pending" | "running", options?: CallOptions): Promise<void>;
  /** With which values a build was made. */
  buildParameters(build: string, options?: CallOptions): Promise<ParameterValue[]>;
  /** Refused where the deployment does not allow it. */
  rename(id: string, name: string, options?: CallOptions): Promise<void>;
  /** Milliseconds from a minute to 30 days; `null`: Coder does not stop it by itself. Of the next start on. */
  setTtl(id: string, ttlMs: number | null, options?: CallOptions): Promise<void>;
  /** `null`: Coder does not start it by itself. */
  setAutostart(id: string, schedule: string | null, options?: CallOptions): Promise<void>;
  setAutomaticUpdates(id: string, updates: "always" | "never", options?: CallOptions): Promise<void>;
  /** The workspace as it is then; undefined where it was so already. */
  setDormant(id: string, dormant: boolean, options?: CallOptions): Promise<Workspace | undefined>;
  /** Puts the stop off. Conflict where none is due; invalid where it is less than half an hour away. */
  extend(id: string, deadline: Date, options?: CallOptions): Promise<void>;
  /** Whether an automatic start with the template's active version would lack parameters. */
  autostartLacksParameters(id: string, options?: CallOptions): Promise<boolean>;
}

const WORKSPACE = "/api/v2/workspaces/{workspace}";

export function workspaceChangeCalls(call: Call): WorkspaceChangeCalls {
  const put = (what: string, workspace: string, body: unknown, options?: CallOptions) =>
    call({ method: "PUT", route: `${WORKSPACE}/${what}`, parameters: { workspace }, body }, options);
  return {
    create: (user, workspace, options) =>
      call({
        method: "POST",
        route: "/api/v2/users/{user}/workspaces",
        parameters: { user },
        body: creationOf(workspace),
        answer: workspaceSchema,
      }, options),
    build: (workspace, { transition, versionId, parameters, presetId, orphan }, options) =>
      call({
        method: "POST",
        route: `${WORKSPACE}/builds`,
        parameters: { workspace },
        body: {
          transition,
          ...given("template_version_id", versionId),
          ...given("rich_parameter_values", parameters),
          ...given("template_version_preset_id", presetId),
          ...(orphan === true ? { orphan } : {}),
        },
        answer: workspaceBuildSchema,
      }, options),
    cancelBuild: (build, expected, options) =>
      call({
        method: "PATCH",
        route: "/api/v2/workspacebuilds/{build}/cancel",
        parameters: { build },
        query: { expect_status: expected },
      }, options),
    buildParameters: (build, options) =>
      call({
        method: "GET",
        route: "/api/v2/workspacebuilds/{build}/parameters",
        parameters: { build },
        answer: buildParametersSchema,
      }, options),
    rename: (workspace, name, options) =>
      call({ method: "PATCH", route: WORKSPACE, parameters: { workspace }, body: { name } }, options),
    setTtl: (workspace, ttlMs, options) => put("ttl", workspace, { ttl_ms: ttlMs }, options),
    setAutostart: (workspace, schedule, options) => put("autostart", workspace, { schedule }, options),
    setAutomaticUpdates: (workspace, updates, options) =>
      put("autoupdates", workspace, { automatic_updates: updates }, options),
    async setDormant(workspace, dormant, options) {
      try {
        return await call({
          method: "PUT",
          route: `${WORKSPACE}/dormant`,
          parameters: { workspace },
          body: { dormant },
          answer: workspaceSchema,
        }, options);
      } catch (error) {
        if (error instanceof CoderApiError && error.status === 304) return undefined;
        throw error;
      }
    },
    extend: (workspace, deadline, options) =>
      put("extend", workspace, { deadline: deadline.toISOString() }, options),
    async autostartLacksParameters(workspace, options) {
      const answer = await call({
        method: "GET",
        route: `${WORKSPACE}/resolve-autostart`,
        parameters: { workspace },
        answer: autostartAnswerSchema,
      }, options);
      return answer.parameter_mismatch;
    },
  };
}

function creationOf(
  { name, source, parameters, presetId, ttlMs, autostart, automaticUpdates }: NewWorkspace,
) {
  return {
    name,
    ...("versionId" in source
      ? { template_version_id: source.versionId }
      : { template_id: source.templateId }),
    ...given("rich_parameter_values", parameters),
    ...given("template_version_preset_id", presetId),
    ...given("ttl_ms", ttlMs),
    ...given("autostart_schedule", autostart),
    ...given("automatic_updates", automaticUpdates),
  };
}

function given<T>(name: string, value: T | undefined): Record<string, T> {
  return value === undefined ? {} : { [name]: value };
}
