/** What somebody wishes of a workspace, as it is kept until it is so. Plain data: any replica can go on with it. */
import { z } from "zod";

const parameter = z.object({ name: z.string(), value: z.string() });

/** How the workspace should be built. */
const wantSchema = z.object({
  /** Whether it should run. */
  running: z.boolean(),
  /** Whether somebody asked for that; otherwise it is what was, and who starts or stops it meanwhile is right. */
  isRunningAsked: z.boolean(),
  /** Id of the template's version. Absent: whichever it has. */
  version: z.string().optional(),
  /** Those that should have these values. */
  parameters: z.array(parameter).optional(),
  presetId: z.string().optional(),
  /** It is built anew even where it is as it should be. */
  rebuild: z.boolean().optional(),
  /** Nothing else counts. */
  remove: z.object({ orphan: z.boolean() }).optional(),
});
export type Want = z.infer<typeof wantSchema>;

const sentSchema = z.object({
  what: z.enum(["create", "start", "stop", "delete"]),
  /** Number of the latest build before. */
  above: z.int(),
  /** RFC 3339. */
  at: z.string(),
});
/** A request that was about to be sent: it may have reached Coder or not. */
export type Sent = z.infer<typeof sentSchema>;

export const wishRecordSchema = z.object({
  /** Id of the workspace's owner. */
  owner: z.string(),
  name: z.string(),
  /** Id of the workspace; absent as long as it is not known to have been made. */
  workspace: z.string().optional(),
  wish: z.object({
    id: z.string(),
    /** The human. */
    by: z.string(),
    /** When it was accepted, RFC 3339. */
    at: z.string(),
    /** Number of the latest build at that time: what failed up to there is tried once more. */
    base: z.int(),
    want: wantSchema,
  }),
  sent: sentSchema.optional(),
  /** Numbers of the builds that were made for it. */
  built: z.array(z.int()),
});
export type WishRecord = z.infer<typeof wishRecordSchema>;

/** Under which a wish is kept. Coder takes names for one whatever their case. */
export function keyOf(owner: string, name: string): string {
  return `${owner}.${name.toLowerCase()}`;
}

/**
 * How long the answer to a request may take to show in Coder, in milliseconds: longer than any call of ours, so that what
 * is not there by then never comes.
 */
export const SENT_MS = 30_000;
