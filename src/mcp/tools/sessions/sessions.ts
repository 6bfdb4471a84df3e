/** Sessions themselves: made, listed, prolonged, copied, ended. */
import { z } from "zod";
import { sessionUsage } from "../../../sessions/operations.ts";
import {
  ISOLATION,
  labelsSchema,
  limitsSchema,
  metadataSchema,
  SESSION_STATES,
  type SessionRecord,
  WORKSPACE_FILES,
} from "../../../sessions/types.ts";
import type { Checkpoint, Sessions, WorkspaceWish } from "../../../sessions/coordinator/types.ts";
import { StartNeeded } from "../../../sessions/workspaces/types.ts";
import { ToolError, toolError } from "../../errors.ts";
import { actTool, readTool, type Tool, type ToolCall } from "../../tool.ts";
import {
  agentText,
  callOptions,
  carryOut,
  coderOf,
  namedSession,
  noteSession,
  ownerOf,
  sessionInput,
  timeText,
} from "./shared.ts";
import { workspaceInput, workspaceWish } from "./workspace_wish.ts";

const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const ttl = z.int().min(10).max(7 * 86_400);

const view = z.object({
  session: z.string(),
  name: z.string(),
  state: z.enum(SESSION_STATES),
  reason: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  worker: z.string().optional(),
  workspace: z.string().optional(),
  directory: z.string().optional(),
  files: z.enum(WORKSPACE_FILES).optional(),
  isolation: z.enum(ISOLATION),
  createdAt: z.string(),
  expiresAt: z.string(),
  ttlSeconds: z.int(),
});
const checkpointView = z.object({
  checkpoint: z.string(),
  session: z.string(),
  bytes: z.int(),
  files: z.int(),
  sha256: z.string(),
  createdAt: z.string(),
  expiresAt: z.string(),
});

function viewOf(record: SessionRecord, { redact }: Pick<ToolCall, "redact">): z.input<typeof view> {
  const { id, name, state, reason, labels, metadata, workerId, isolation, createdAt, expiresAt, ttlMs } =
    record;
  const { workspace } = record;
  return {
    session: id,
    name,
    state,
    // What Coder or an agent said is in it.
    ...(reason === "" ? {} : { reason: redact?.(reason) ?? reason }),
    ...(Object.keys(labels).length === 0 ? {} : { labels: { ...labels } }),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata: { ...metadata } }),
    ...(workerId === "" ? {} : { worker: workerId }),
    ...(workspace === undefined ? {} : {
      workspace: agentText(workspace),
      ...(workspace.directory === "" ? {} : { directory: workspace.directory }),
      files: workspace.files,
    }),
    isolation,
    createdAt: timeText(createdAt),
    expiresAt: timeText(expiresAt),
    ttlSeconds: Math.round(ttlMs / 1_000),
  };
}

function viewNoted(call: ToolCall, record: SessionRecord): z.input<typeof view> {
  noteSession(call, record);
  return viewOf(record, call);
}

function checkpointOf(one: Checkpoint): z.input<typeof checkpointView> {
  const { id, sessionId, size, files, sha256, createdAt, expiresAt } = one;
  return {
    checkpoint: id,
    session: sessionId,
    bytes: size,
    files,
    sha256,
    createdAt: timeText(createdAt),
    expiresAt: timeText(expiresAt),
  };
}

/** Makes them. */
export function sessionTools(sessions: Sessions): readonly Tool[] {
  return [
    create(sessions),
    list(sessions),
    get(sessions),
    extend(sessions),
    update(sessions),
    close(sessions),
    checkpoint(sessions),
    restore(sessions),
  ];
}

function create(sessions: Sessions): Tool {
  return actTool({
    name: "session.create",
    description: "Make a sandbox with own files and processes, or work in a Coder workspace",
    toolset: "sessions",
    input: z.object({
      name: z.string().regex(NAME).optional(),
      labels: labelsSchema.optional(),
      metadata: metadataSchema.optional(),
      ttlSeconds: ttl.optional().describe("It ends so long after its last call"),
      limits: limitsSchema.partial().optional(),
      workerLabels: labelsSchema.optional().describe("Only on a worker with these"),
      checkpoint: z.string().max(64).optional().describe("Files to begin with"),
      ...workspaceInput,
    }),
    output: view,
    idempotent: false,
    verbatim: true,
    destructive: false,
    asks: true,
    async act({ ttlSeconds, workspace, namespace, controlPlane, directory, files, start, ...request }, call) {
      const ttlMs = ttlSeconds === undefined ? undefined : ttlSeconds * 1_000;
      const asked = { workspace, namespace, controlPlane, directory, files, start };
      const wish = await workspaceWish(asked, call);
      const create = (wish: WorkspaceWish | undefined) => {
        const wished = { ...request, ttlMs, ...(wish === undefined ? {} : { workspace: wish }) };
        return sessions.create(ownerOf(call), wished, callOptions(call));
      };
      try {
        return viewNoted(call, await create(wish));
      } catch (error) {
        const { agree } = call;
        if (wish === undefined || start !== undefined || agree === undefined) throw error;
        if (!(error instanceof StartNeeded)) throw error;
        const { question, workspace, build } = error;
        await agree({ summary: question, preconditions: { workspace, build } });
        return viewNoted(call, await create({ ...wish, start: true }));
      }
    },
  });
}

function list(sessions: Sessions): Tool {
  return readTool({
    name: "session.list",
    description: "Your sessions and checkpoints",
    toolset: "sessions",
    input: z.object({
      labels: labelsSchema.optional(),
      ended: z.boolean().default(false).describe("Those that are over, too"),
    }),
    output: z.object({ sessions: z.array(view), checkpoints: z.array(checkpointView) }),
    idempotent: true,
    verbatim: true,
    async read(request, call) {
      const owner = ownerOf(call);
      const [found, copies] = await Promise.all([
        sessions.list(owner, request, call.signal),
        sessions.checkpoints(owner, call.signal),
      ]);
      return { sessions: found.map((one) => viewOf(one, call)), checkpoints: copies.map(checkpointOf) };
    },
  });
}

const usageView = sessionUsage.output.extend({}).partial();

function get(sessions: Sessions): Tool {
  return readTool({
    name: "session.get",
    description: "A session with its limits, use and processes",
    toolset: "sessions",
    input: z.object(namedSession),
    output: view.extend({ limits: limitsSchema, usage: usageView.optional() }),
    idempotent: true,
    verbatim: true,
    async read({ session }, call) {
      const record = await sessions.get(ownerOf(call), session, call.signal);
      const found = { ...viewOf(record, call), limits: { ...record.limits } };
      if (record.state !== "ready") return found;
      try {
        const { output } = await carryOut(sessions, call, record.id, sessionUsage, {});
        return { ...found, usage: output };
      } catch (error) {
        call.signal.throwIfAborted();
        call.warn(`What it uses is not known: ${toolError(error).message}`);
        return found;
      }
    },
  });
}

function extend(sessions: Sessions): Tool {
  return actTool({
    name: "session.extend",
    description: "Let a session live longer without calls",
    toolset: "sessions",
    input: z.object({ ...namedSession, ttlSeconds: ttl }),
    output: view,
    idempotent: true,
    verbatim: true,
    destructive: false,
    act: async ({ session, ttlSeconds }, call) =>
      viewNoted(call, await sessions.extend(ownerOf(call), session, ttlSeconds * 1_000, call.signal)),
  });
}

function update(sessions: Sessions): Tool {
  const change = (schema: z.ZodType<Record<string, string>>) =>
    z.record(z.string().max(128), z.string().max(4_096).nullable()).refine(
      (given) =>
        schema.safeParse(Object.fromEntries(Object.entries(given).filter(([, one]) => one !== null))).success,
      { error: "a key or a value cannot be so" },
    ).optional().describe("null removes a key");
  return actTool({
    name: "session.update",
    description: "Change a session's labels and metadata",
    toolset: "sessions",
    input: z.object({ ...namedSession, labels: change(labelsSchema), metadata: change(metadataSchema) }),
    output: view,
    idempotent: true,
    verbatim: true,
    destructive: false,
    async act({ session, labels, metadata }, call) {
      if (labels === undefined && metadata === undefined) {
        throw new ToolError("invalid", "give labels or metadata to change");
      }
      return viewNoted(
        call,
        await sessions.annotate(ownerOf(call), session, { labels, metadata }, call.signal),
      );
    },
  });
}

function close(sessions: Sessions): Tool {
  return actTool({
    name: "session.close",
    description: "End a session: its processes and files are gone",
    toolset: "sessions",
    input: z.object(namedSession),
    output: view,
    idempotent: true,
    verbatim: true,
    destructive: true,
    act: async ({ session }, call) =>
      viewNoted(call, await sessions.close(ownerOf(call), session, call.signal, coderOf(call))),
  });
}

function checkpoint(sessions: Sessions): Tool {
  return actTool({
    name: "session.checkpoint",
    description: "Keep a copy of a session's files",
    toolset: "sessions",
    input: z.object(sessionInput),
    output: checkpointView,
    idempotent: false,
    verbatim: true,
    destructive: false,
    async act({ session = "default" }, call) {
      const made = await sessions.checkpoint(ownerOf(call), session, callOptions(call));
      noteSession(call, { id: made.sessionId, workerId: "" });
      return checkpointOf(made);
    },
  });
}

function restore(sessions: Sessions): Tool {
  return actTool({
    name: "session.restore",
    description: "Replace a session's files by those of a checkpoint",
    toolset: "sessions",
    input: z.object({ checkpoint: z.string().max(64), ...sessionInput }),
    output: z.object({ session: z.string(), files: z.int() }),
    idempotent: true,
    verbatim: true,
    destructive: true,
    async act({ session = "default", checkpoint }, call) {
      const restored = await sessions.restore(ownerOf(call), session, checkpoint, callOptions(call));
      noteSession(call, restored.session);
      return { session: restored.session.id, files: restored.files };
    },
  });
}
