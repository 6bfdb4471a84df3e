/** One operation at one worker: what is asked goes there as it should be, and what comes back is looked at. */
import type { z } from "zod";
import type { TaskEvent, WorkerConnection } from "../link.ts";
import type { Operation, sessionOpen } from "../operations.ts";
import { SessionError, type SessionRecord } from "../types.ts";

export interface TaskRequest<I extends z.ZodObject, O extends z.ZodObject> {
  /** Random; the same where it is tried again. */
  readonly id: string;
  readonly sessionId: string;
  readonly operation: Operation<I, O>;
  /** As {@linkcode readInput} gives it. */
  readonly input: z.output<I>;
  readonly body?: Uint8Array | undefined;
  readonly deadlineMs: number;
  readonly traceparent?: string | undefined;
}

export interface TaskOptions {
  readonly signal: AbortSignal;
  readonly onEvent?: ((event: TaskEvent) => void) | undefined;
}

export interface TaskAnswer<O extends z.ZodObject> {
  readonly output: z.output<O>;
  readonly body?: Uint8Array | undefined;
}

/** The worker has answered that it did not do it. */
export class TaskFailed extends SessionError {}

/** The worker's answer cannot be understood. */
export class AnswerNotUnderstood extends SessionError {}

/** @throws {SessionError} `invalid` */
export function readInput<I extends z.ZodObject>({ name, input }: Operation<I>, given: unknown): z.output<I> {
  const parsed = input.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new SessionError("invalid", `${name} cannot be called like this: ${issuesText(parsed.error)}`);
}

/**
 * Runs it.
 * @throws {TaskFailed} as the worker says
 * @throws {AnswerNotUnderstood} what it answers is none
 * @throws {WorkerLostError} and the reason of the signal
 */
export async function runTask<I extends z.ZodObject, O extends z.ZodObject>(
  worker: WorkerConnection,
  { operation, traceparent = "", deadlineMs, ...request }: TaskRequest<I, O>,
  options: TaskOptions,
): Promise<TaskAnswer<O>> {
  const outcome = await worker.run({
    ...request,
    operation: operation.name,
    deadlineMs: Math.max(1, Math.ceil(deadlineMs)),
    traceparent,
  }, options);
  if (!outcome.ok) throw new TaskFailed(outcome.code, shortened(outcome.message));
  const parsed = operation.output.safeParse(outcome.output);
  if (!parsed.success) {
    throw new AnswerNotUnderstood(
      "failed",
      `worker ${worker.id} answered ${operation.name} in a way that this coordinator does not understand ` +
        `(${
          issuesText(parsed.error)
        }): it was done, but it is not known how it ended. Workers and coordinator ` +
        "should be of one version",
    );
  }
  return { output: parsed.data, body: outcome.body };
}

/** Beyond the session's own time to live: who comes back late finds its processes still. */
const KEEP_MORE_MS = 600_000;
const DAY_MS = 24 * 3_600_000;
/** What `session.open` is told of a session in a Coder workspace; nothing for others. */
export function inWorkspace(
  { ttlMs, workspace }: Pick<SessionRecord, "ttlMs" | "workspace">,
): Pick<z.output<typeof sessionOpen.input>, "workspace"> {
  if (workspace === undefined) return {};
  const { directory, files } = workspace;
  return { workspace: { directory, files, keepMs: Math.min(ttlMs + KEEP_MORE_MS, DAY_MS) } };
}

const MAX_ISSUES = 5;
/** What is wrong with data, for people: where, and what. */
export function issuesText(
  { issues }: { readonly issues: readonly { path: PropertyKey[]; message: string }[] },
): string {
  const first = issues.slice(0, MAX_ISSUES)
    .map(({ path, message }) => `${path.map(String).join(".") || "it"}: ${message}`);
  if (issues.length > MAX_ISSUES) first.push(`and ${issues.length - MAX_ISSUES} more`);
  return first.join("; ");
}

const MAX_MESSAGE = 4_000;
/** Messages may come out of a session. */
function shortened(message: string): string {
  return message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE)}…`;
}
