/** Builds of workspaces, and what builds and imports of templates have written into their logs. */
import { z } from "zod";
import type { Call, CallOptions } from "./call.ts";
import { optionalText, type ReadableItems, readableItems, realId, timestamp } from "./schema_parts.ts";
import { orUndefined } from "./users.ts";

/** A build, as far as its log is concerned. */
export const buildStateSchema = z.object({
  id: realId,
  workspace_id: realId,
  build_number: z.number().int(),
  /** Its status is `pending`, `running`, `canceling`, `succeeded`, `canceled`, `failed`, or what may be added. */
  job: z.object({ status: optionalText }),
});
export type BuildState = z.infer<typeof buildStateSchema>;

/** One line. Terraform's own words are in `output`: never trust them to be fit for a terminal. */
export const buildLogLineSchema = z.object({
  /** Grows from line to line. */
  id: z.int().nonnegative(),
  created_at: timestamp,
  /** `trace`, `debug`, `info`, `warn` or `error`. */
  log_level: optionalText,
  /** What was being done, such as `Planning infrastructure`. */
  stage: optionalText,
  /** Empty where a stage begins. */
  output: optionalText,
});
export type BuildLogLine = z.infer<typeof buildLogLineSchema>;

/** Which lines. */
export interface LogRange {
  /** Only those with a greater id. */
  after?: number | undefined;
  /** Only those with a smaller id. */
  before?: number | undefined;
}

/** Whether a job of this status is over. Unknown ones are not: newer versions may have more. */
export function isJobOver(status: string): boolean {
  return status === "succeeded" || status === "failed" || status === "canceled";
}

export interface BuildCalls {
  get(id: string, options?: CallOptions): Promise<BuildState>;
  /** By the workspace's owner and name, and the build's number. */
  find(
    owner: string,
    workspace: string,
    number: number,
    options?: CallOptions,
  ): Promise<BuildState | undefined>;
  /**
   * What a build has written so far; Coder keeps 1 MiB of it. Lines that cannot be read are left out and told. There is
   * no stream: a socket would not reach Coder through the API server's service proxy, and its end does not say that the
   * build is over. Ask with `after` again.
   */
  log(id: string, range?: LogRange, options?: CallOptions): Promise<ReadableItems<BuildLogLine>>;
  /** As `log`, of the import of a template's version. */
  versionLog(version: string, range?: LogRange, options?: CallOptions): Promise<ReadableItems<BuildLogLine>>;
}

export function buildCalls(call: Call): BuildCalls {
  return {
    get: (build, options) =>
      call({
        method: "GET",
        route: "/api/v2/workspacebuilds/{build}",
        parameters: { build },
        answer: buildStateSchema,
      }, options),
    find: (user, workspace, number, options) =>
      orUndefined(call({
        method: "GET",
        route: "/api/v2/users/{user}/workspace/{workspace}/builds/{number}",
        parameters: { user, workspace, number: String(number) },
        answer: buildStateSchema,
      }, options)),
    log: (build, { after, before } = {}, options) =>
      call({
        method: "GET",
        route: "/api/v2/workspacebuilds/{build}/logs",
        parameters: { build },
        query: { after, before },
        answer: readableItems(buildLogLineSchema),
      }, options),
    versionLog: (version, { after, before } = {}, options) =>
      call({
        method: "GET",
        route: "/api/v2/templateversions/{version}/logs",
        parameters: { version },
        query: { after, before },
        answer: readableItems(buildLogLineSchema),
      }, options),
  };
}
