/** What the tools of sandbox sessions have in common. */
import { z } from "zod";
import type { Operation } from "../../../sessions/operations.ts";
import { CoderWorkspaces } from "../../../api/workspace.ts";
import type {
  OpenCoder,
  SessionAnswer,
  SessionCallOptions,
  SessionOwner,
  Sessions,
} from "../../../sessions/coordinator/types.ts";
import {
  SessionError,
  type SessionErrorCode,
  type SessionRecord,
  type WorkspacePlace,
} from "../../../sessions/types.ts";
import type { TaskEvent } from "../../../sessions/link.ts";
import { ToolError, toolError, type ToolErrorCode } from "../../errors.ts";
import type { ToolCall } from "../../tool.ts";

/** Which session a call is for. */
export const sessionInput = {
  session: z.string().min(1).max(128).optional().describe('Id or name. Default: "default", made at need'),
};
/** Where a session must be named. */
export const namedSession = { session: z.string().min(1).max(128).describe("Id or name") };
/** Which session it was. */
export const sessionOutput = { session: z.string() };

/** Comes before the ids of Coder's users. */
const OF_CODER = "coder:";

/**
 * Sessions belong to whom they were made by: by name, and of Coder's users by their ids, which stay where names change. Whoever
 * comes another way and is called so is not taken for one of them: a store may be shared with those who let Coder's users in.
 */
export function ownerOf({ caller }: Pick<ToolCall, "caller">): SessionOwner {
  const { user: { name, uid }, method } = caller;
  if (method === "coder" && uid !== undefined) return { id: OF_CODER + uid, name };
  return { id: name.startsWith(OF_CODER) ? `name:${name}` : name, name };
}

const ASK_TO_LOOK = { verb: "get", group: CoderWorkspaces.group, resource: CoderWorkspaces.plural } as const;

/** Coder as whoever calls, for sessions in its workspaces. */
export function coderOf({ coders }: Pick<ToolCall, "coders">): OpenCoder {
  return async ({ namespace, controlPlane }, signal) => {
    try {
      const choice = {
        namespace,
        ...(controlPlane === "" ? {} : { controlPlane }),
        as: "caller",
      } as const;
      const { ref, client, user, credential } = await coders.open(
        choice,
        { ...ASK_TO_LOOK, namespace },
        signal,
      );
      if (user === undefined) throw new ToolError("forbidden", `Coder ${ref.id} does not know you`);
      return { id: ref.id, client, user, credential };
    } catch (error) {
      signal.throwIfAborted();
      const { code, message } = toolError(error);
      throw new SessionError(CODES[code] ?? "unavailable", message, { cause: error });
    }
  };
}

const CODES: Readonly<Partial<Record<ToolErrorCode, SessionErrorCode>>> = {
  invalid: "invalid",
  not_found: "not_found",
  forbidden: "forbidden",
  conflict: "conflict",
};

/** What every call of sessions is made with. */
export function callOptions(call: ToolCall): SessionCallOptions {
  return {
    signal: call.signal,
    traceparent: call.traceparent,
    coder: coderOf(call),
    onEvent: (event) => {
      if (event.kind === "progress") told(call, event);
    },
  };
}

/** How far it is, as the coordinator, Coder and agents say it. */
function told(
  call: ToolCall,
  { done, total, message }: Extract<TaskEvent, { readonly kind: "progress" }>,
): void {
  call.progress(done, total, call.redact?.(message) ?? message);
}

/** How much of new output is told at once, in characters: progress is to be looked at, the answer has all. */
const TOLD = 2_000;

/** Carries an operation out for a caller, tells what comes meanwhile, and says for the record where it was done. */
export async function carryOut<I extends z.ZodObject, O extends z.ZodObject>(
  sessions: Sessions,
  call: ToolCall,
  session: string | undefined,
  operation: Operation<I, O>,
  input: z.input<I>,
  body?: Uint8Array,
): Promise<SessionAnswer<O>> {
  let length = 0;
  const onEvent = (event: TaskEvent) => {
    if (event.kind === "progress") return told(call, event);
    length += event.text.length;
    call.progress(length, undefined, event.text.slice(-TOLD));
  };
  // Where it fails, the record has at least what was asked for.
  if (session !== undefined) call.provenance?.({ session, workspace: session });
  const answer = await sessions.call(ownerOf(call), session, operation, input, body, {
    ...callOptions(call),
    onEvent,
  });
  noteSession(call, answer.session);
  return answer;
}

/** Says for the record which session it was. */
export function noteSession(
  call: Pick<ToolCall, "provenance">,
  { id, workerId, workspace }: Pick<SessionRecord, "id" | "workerId" | "workspace">,
): void {
  const place = workspace === undefined ? workerId === "" ? id : `${workerId}/${id}` : agentText(workspace);
  call.provenance?.({ session: id, workspace: place });
}

/** `<owner>/<workspace>.<agent>` */
export function agentText({ workspace, agent }: Pick<WorkspacePlace, "workspace" | "agent">): string {
  return agent === "" ? workspace : `${workspace}.${agent}`;
}

/** RFC 3339. */
export function timeText(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
