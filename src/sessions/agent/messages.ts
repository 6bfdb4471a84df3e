/** What the daemon of a session says besides what an init does, checked: it runs where the session does. */
import { z } from "zod";
import { count, exitSchema, outputSchema } from "../sandbox/messages.ts";

/** `last`: highest number that a process ever had; up to `before`, of those that an earlier daemon had. */
export const attachedSchema = z.object({
  daemon: z.string().min(1).max(64),
  last: count,
  before: count,
  /** Numbers of those that there are. */
  processes: z.array(count),
});
export const spawnedSchema = z.object({ process: count });

const ends = z.tuple([count, count, z.boolean()]);
export const refreshedSchema = z.object({ ends: z.record(z.string(), ends) });

/** One that runs, or has run. `mark`: whoever hears this has started it, and calls it so. */
export const processSchema = z.object({
  event: z.literal("process"),
  process: count,
  command: z.string(),
  ageMs: count,
  inputIsClosed: z.boolean(),
  mark: count.optional(),
});
export type ProcessEvent = z.output<typeof processSchema>;

export const agentEventSchema = z.discriminatedUnion("event", [processSchema, outputSchema, exitSchema]);
