/** Records of sessions as they are kept: JSON without what changes with every call. */
import { z } from "zod";
import {
  ISOLATION,
  SESSION_STATES,
  type SessionRecord,
  STANDARD_LIMITS,
  WORKSPACE_FILES,
  type WorkspacePlace,
} from "../../types.ts";

const time = z.number().min(0);
const text = z.string();

/** What is kept beside the JSON, in fields of its own. */
const ASIDE = ["lastUsedAt", "expiresAt", "version"] as const;

// What a newer version of this program has put in besides stays in.
const placeSchema = z.looseObject({
  coder: text,
  namespace: text,
  controlPlane: text,
  workspaceId: text,
  workspace: text,
  ownerId: text,
  agent: text,
  directory: text,
  files: z.enum(WORKSPACE_FILES),
}) satisfies z.ZodType<WorkspacePlace>;

const limit = z.number().min(0);
const limitsSchema = z.looseObject(
  Object.fromEntries(Object.keys(STANDARD_LIMITS).map((key) => [key, limit])) as Record<
    keyof typeof STANDARD_LIMITS,
    typeof limit
  >,
);

const keptSchema = z.looseObject({
  id: text.min(1),
  name: text,
  owner: text,
  ownerName: text,
  labels: z.record(text, text),
  metadata: z.record(text, text),
  limits: limitsSchema,
  state: z.enum(SESSION_STATES),
  reason: text,
  workerId: text,
  incarnation: text,
  sharedStorage: text,
  isolation: z.enum(ISOLATION),
  workspace: placeSchema.optional(),
  createdAt: time,
  ttlMs: z.number().min(0),
}) satisfies z.ZodType<Omit<SessionRecord, (typeof ASIDE)[number]>>;

const number = z.string().regex(/^\d{1,16}(\.\d{1,9})?$/).transform(Number);
const fieldsSchema = z.tuple([z.string(), number, number, number]);

/** The part that is JSON. */
export function recordJson(record: SessionRecord): string {
  const { lastUsedAt: _used, expiresAt: _expires, version: _version, ...kept } = record;
  return JSON.stringify(kept);
}

/**
 * A record out of what is kept of it: JSON, version, last use and end, each as text. Frozen.
 * @throws where it is not one
 */
export function recordOf(fields: unknown): SessionRecord {
  const [json, version, lastUsedAt, expiresAt] = fieldsSchema.parse(fields);
  const { labels, metadata, limits, workspace, ...kept } = keptSchema.parse(JSON.parse(json));
  return Object.freeze({
    ...kept,
    labels: Object.freeze(labels),
    metadata: Object.freeze(metadata),
    limits: Object.freeze(limits),
    ...(workspace === undefined ? {} : { workspace: Object.freeze(workspace) }),
    lastUsedAt,
    expiresAt,
    version,
  });
}
