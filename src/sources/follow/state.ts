/** What is known of a template's source, kept in the cluster so that any replica can go on. Plain data. */
import { z } from "zod";

const at = z.string();

const canarySchema = z.object({
  /** Of the workspace. It is on record before Coder hears of it. */
  name: z.string(),
  at,
});

const attemptSchema = z.object({
  revision: z.string(),
  /** The active version when it began: another one later is somebody's own choice. */
  base: z.string(),
  at,
  /** Somebody asked for it: what failed is built again. */
  isAsked: z.boolean().optional(),
  stage: z.enum(["build", "canary", "promote"]),
  /** Name and id of the version, as soon as they are known. */
  name: z.string().optional(),
  version: z.string().optional(),
  canary: canarySchema.optional(),
});
export type Attempt = z.infer<typeof attemptSchema>;

const goodSchema = z.object({ revision: z.string().optional(), version: z.string() });

export const sourceStateSchema = z.object({
  /** Shown as `status.source`, whose words they are. */
  revision: z.string().optional(),
  versionID: z.string().optional(),
  attemptedRevision: z.string().optional(),
  checkedAt: at.optional(),
  handledRequest: z.string().optional(),
  drift: z.boolean().optional(),
  lastGoodVersionID: z.string().optional(),
  badRevisions: z.array(z.string()).optional(),
  phase: z.string().optional(),

  /** Hash of what was asked for: another source, other variables are looked at at once. */
  of: z.string().optional(),
  attempt: attemptSchema.optional(),
  /** Revision that was given up because somebody chose another version meanwhile. */
  passed: z.string().optional(),
  /** The version was promoted a while ago: may it stay? */
  watch: z.object({ version: z.string(), revision: z.string(), at, until: at, before: goodSchema })
    .optional(),
  /** Workspaces that are to be deleted. */
  leftovers: z.array(canarySchema.extend({ tries: z.int(), next: at })).optional(),
  /** Why the last look or attempt has not led to anything. */
  problem: z.object({ reason: z.string(), message: z.string(), at }).optional(),
  /** Who is at work, and until when nobody else is. */
  claim: z.object({ by: z.string(), until: at }).optional(),
});
export type SourceState = z.infer<typeof sourceStateSchema>;

/** What is kept may be anybody's: what cannot be read begins anew. */
export function readState(value: unknown): SourceState {
  const { success, data } = sourceStateSchema.safeParse(value ?? {});
  return success ? data : {};
}

const PHASES = { build: "Building", canary: "Canary", promote: "Promoting" } as const;

/** As it is kept: without what is not there, and with the words for people. */
export function stateToKeep(state: SourceState): Record<string, unknown> {
  const { phase: _, ...rest } = state;
  const phase = state.attempt === undefined ? {} : { phase: PHASES[state.attempt.stage] };
  const isNothing = (value: unknown) =>
    value === undefined || value === false || (Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries({ ...rest, ...phase }).filter(([, value]) => !isNothing(value)));
}

/** RFC 3339, to the second. */
export function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
