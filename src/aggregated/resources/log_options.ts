/** The query of a log, in the manner of `pods/log`. */
import { z } from "zod";
import { badRequest } from "../serving/status_errors.ts";
import type { QueryParameter } from "../serving/storage.ts";

export interface LogOptions {
  /** Goes on until the build is over. */
  readonly follow: boolean;
  /** Every line begins with its time. */
  readonly timestamps: boolean;
  /** Of what there is at the beginning, only so many lines. */
  readonly tailLines?: number;
  /** Not more than that. */
  readonly limitBytes?: number;
  /** Only what was written then or later, in milliseconds since 1970. */
  readonly since?: number;
  /** Of a workspace: which build. */
  readonly build: number | "latest";
}

const flag = z.enum(["", "0", "1", "t", "f", "true", "false", "True", "False"], "must be true or false")
  // A name without a value means yes, as in `?follow`.
  .transform((value) => !["0", "f", "false", "False"].includes(value)).default(false);
const digits = z.string().regex(/^\d{1,15}$/, "must be a whole number, not negative").transform(Number);
const positive = z.string().regex(/^0*[1-9]\d{0,14}$/, "must be a whole number greater than 0").transform(
  Number,
);
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

const schema = z.strictObject({
  follow: flag,
  timestamps: flag,
  tailLines: digits.optional(),
  limitBytes: positive.optional(),
  sinceSeconds: positive.optional(),
  sinceTime: z.string()
    .refine(
      (value) => RFC_3339.test(value) && !Number.isNaN(Date.parse(value)),
      "must be a time as RFC 3339 has it",
    )
    .transform((value) => Date.parse(value)).optional(),
  /** Means nothing for a text; kubectl may send it. */
  pretty: z.string().optional(),
  build: z.union([z.literal("latest"), positive], "must be the number of a build, or latest").default(
    "latest",
  ),
});

/** Whose log: of a template, no build can be chosen. */
export type LogOf = "workspaces" | "templates";

const told = (
  name: keyof typeof schema.shape,
  type: QueryParameter["type"],
  description: string,
): QueryParameter => ({ name, type, description });
const COMMON: readonly QueryParameter[] = [
  told("follow", "boolean", "Whether the log goes on until the build is over."),
  told("limitBytes", "integer", "The log ends after so many bytes."),
  told("pretty", "string", "Has no effect."),
  told("sinceSeconds", "integer", "Only what was written in the last so many seconds."),
  told("sinceTime", "string", "Only what was written then or later, as RFC 3339 has it."),
  told("tailLines", "integer", "Only so many lines of what there is at the beginning, the last ones."),
  told("timestamps", "boolean", "Whether every line begins with its time."),
];
/** What the query of a log may say. */
export const LOG_PARAMETERS: Readonly<Record<LogOf, readonly QueryParameter[]>> = {
  workspaces: [told("build", "string", "The number of a build, or latest. Defaults to latest."), ...COMMON],
  templates: COMMON,
};

/** @param now in milliseconds since 1970 @throws {StatusError} 400 */
export function readLogOptions(
  query: URLSearchParams,
  of: LogOf,
  now: number,
): LogOptions {
  const known = LOG_PARAMETERS[of].map(({ name }) => name);
  for (const name of query.keys()) {
    if (!known.includes(name)) {
      const offered = known.filter((one) => one !== "pretty");
      throw badRequest(`a log has no parameter ${quoted(name)}: it has ${offered.join(", ")}`);
    }
    if (query.getAll(name).length > 1) throw badRequest(`${name} was given more than once`);
  }
  const read = schema.safeParse(Object.fromEntries(query));
  if (!read.success) {
    const [issue] = read.error.issues;
    const name = String(issue?.path[0] ?? "");
    throw badRequest(
      `invalid ${name} ${quoted(query.get(name) ?? "")}: ${issue?.message ?? "not understood"}`,
    );
  }
  const { follow, timestamps, tailLines, limitBytes, sinceSeconds, sinceTime, build } = read.data;
  if (sinceSeconds !== undefined && sinceTime !== undefined) {
    throw badRequest("at most one of sinceTime and sinceSeconds may be given");
  }
  const since = sinceSeconds === undefined ? sinceTime : now - sinceSeconds * 1_000;
  return {
    follow,
    timestamps,
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(since === undefined ? {} : { since }),
    build,
  };
}

/** Long enough to be recognised, short enough for a message. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 50 ? `${text.slice(0, 50)}…` : text);
}
