/** What the Python processes say, checked: inits share their fate with sessions, so it is foreign data. */
import { z } from "zod";
import { ISOLATION, SESSION_ERROR_CODES, SessionError } from "../types.ts";

export const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

export const readySchema = z.object({
  isolation: z.enum(ISOLATION),
  /** Sessions can run here at all. */
  usable: z.boolean(),
  cgroups: z.array(z.enum(["memory", "pids", "cpu"])),
  network: z.boolean(),
  proc: z.boolean(),
  notes: z.array(z.string()),
});
export type Ready = z.output<typeof readySchema>;

export const leftoversSchema = z.object({ sessions: z.array(z.string()) });
/** `found`: there were files. */
export const openedSchema = z.object({ found: z.boolean() });
export const startedSchema = z.object({ pid: count });
export const goneSchema = z.object({ session: z.string(), pid: count });

const usage = { cpuMs: count, memoryBytes: count, diskBytes: count, processes: count };
export const usageSchema = z.object(usage);
export type Usage = z.output<typeof usageSchema>;

export const inputSchema = z.object({ bytes: count });
export const fileSchema = z.object({ output: z.record(z.string(), z.unknown()) });

/** `lost`: so many bytes before these were kept no more. */
export const outputSchema = z.object({
  event: z.literal("output"),
  process: count,
  stream: z.enum(["stdout", "stderr"]),
  lost: count.optional(),
});
export const exitSchema = z.object({
  event: z.literal("exit"),
  process: count,
  exitCode: count.optional(),
  signal: z.string().max(16).optional(),
  limit: z.enum(["cpu", "memory", "disk", "processes", "timeout"]).optional(),
  durationMs: count.optional(),
});
export type ExitEvent = z.output<typeof exitSchema>;

/** What an init tells without being asked. */
export const eventSchema = z.discriminatedUnion("event", [
  outputSchema,
  exitSchema,
  z.object({ event: z.literal("idle"), ...usage }),
  z.object({ event: z.literal("crash"), message: z.string().max(4_096) }),
]);

const refusalSchema = z.object({ error: z.enum(SESSION_ERROR_CODES).catch("internal"), message: z.string() });

/**
 * The answer to a call.
 * @throws {SessionError} what the answer says that went wrong, and `internal` where it is no answer
 */
export function answerOf<T extends z.ZodType>(
  schema: T,
  header: Readonly<Record<string, unknown>>,
  what: string,
): z.output<T> {
  if (header["error"] !== undefined) {
    const refusal = refusalSchema.safeParse(header);
    if (refusal.success) throw new SessionError(refusal.data.error, refusal.data.message.slice(0, 4_096));
  }
  const answer = schema.safeParse(header);
  if (answer.success) return answer.data;
  throw new SessionError(
    "internal",
    `${what}: the sandbox answered what is no answer to it (${z.prettifyError(answer.error)})`,
  );
}
