/** Tasks as they are. */
import { z } from "zod";
import { selectLines } from "../answers/lines.ts";
import { PAGE_OUTPUT, pageInput, pageOf } from "../answers/page.ts";
import { compactText } from "../answers/text.ts";
import { fenced } from "../answers/untrusted.ts";
import { ToolError } from "../errors.ts";
import { readTool } from "../tool.ts";
import {
  agentOptions,
  CODER_INPUT,
  coderOptions,
  findTask,
  openTasks,
  seenWorkspaces,
  TASK_BRIEF,
  TASK_INPUT,
  taskBrief,
  tellingTask,
} from "./tasks_access.ts";

const STANDARD = 50;
const MOST = 200;

export const listTasks = readTool({
  name: "list_tasks",
  description: "List Coder Tasks: AI agents at work in workspaces",
  toolset: "tasks",
  input: z.object({
    ...CODER_INPUT,
    owner: z.string().optional().describe("Default all that you see"),
    status: z.string().optional().describe("active, error, paused…"),
    ...pageInput(STANDARD, MOST),
  }),
  output: z.object({ items: z.array(z.object(TASK_BRIEF)), ...PAGE_OUTPUT }),
  idempotent: true,
  async read({ owner, status, limit, cursor, ...place }, call) {
    const what = `list tasks in ${place.namespace}`;
    const tasks = await tellingTask(what, async () => {
      const session = await openTasks(call, place, "list");
      const q = [termOf("owner", owner), termOf("status", status)].filter((term) => term !== "").join(" ");
      const [all, seen] = await Promise.all([
        session.client.tasks.list({ q: q === "" ? undefined : q }, coderOptions(call)),
        session.as === "caller" ? undefined : seenWorkspaces(call, place),
      ]);
      return all.filter(({ workspace_id }) => seen === undefined || seen.has(workspace_id ?? ""));
    });
    const page = pageOf(tasks.map(taskBrief), {
      limit,
      cursor,
      standard: STANDARD,
      most: MOST,
      keyOf: ({ owner, name, id }) => `${owner}/${name}/${id}`,
    });
    return { ...page, items: [...page.items] };
  },
  // What agents report is theirs to say.
  text: ({ items, ...rest }) =>
    [fenced("tasks and what their agents report", compactText({ items })), compactText(rest)]
      .filter((part) => part !== "").join("\n"),
});

/** Part of a search. Quotes would end it. */
function termOf(key: string, value: string | undefined): string {
  if (value === undefined || value === "") return "";
  if (!/^[\w-]+$/.test(value)) throw new ToolError("invalid", `${key}: ${JSON.stringify(value)} is none`);
  return `${key}:${value}`;
}

const STATUS = {
  ...TASK_BRIEF,
  prompt: z.string().optional(),
  link: z.string().optional(),
  reportedAt: z.string().optional(),
};

export const getTaskStatus = readTool({
  name: "get_task_status",
  description: "How far a task is, and what its agent has reported last",
  toolset: "tasks",
  input: z.object(TASK_INPUT),
  output: z.object({ task: z.object(STATUS) }),
  idempotent: true,
  async read(input, call) {
    const { task } = await findTask(call, input, "get");
    const { uri = "", timestamp } = task.current_state ?? {};
    return {
      task: {
        ...taskBrief(task),
        ...(task.initial_prompt === "" ? {} : { prompt: cut(task.initial_prompt) }),
        ...(uri === "" ? {} : { link: uri }),
        ...(timestamp === undefined ? {} : { reportedAt: timestamp }),
      },
    };
  },
  text: ({ task }) => fenced("a task and what its agent reports", compactText({ task })),
});

const PROMPT_CHARS = 2_000;

function cut(text: string): string {
  return text.length <= PROMPT_CHARS ? text : `${text.slice(0, PROMPT_CHARS)}…`;
}

const MESSAGES = 20;
const BYTES = 8_192;
const MOST_BYTES = 65_536;

export const getTaskLogs = readTool({
  name: "get_task_logs",
  description: "What was said to a task's agent, and what it said; as your own Coder user alone",
  toolset: "tasks",
  input: z.object({
    ...TASK_INPUT,
    messages: z.int().min(1).optional().describe(`The newest; default ${MESSAGES}`),
    grep: z.string().optional().describe("Text; `a|b`: either"),
    limitBytes: z.int().min(1).optional().describe(`Default ${BYTES}, at most ${MOST_BYTES}`),
  }),
  output: z.object({ name: z.string(), log: z.string(), truncated: z.boolean().optional() }),
  idempotent: true,
  async read({ messages = MESSAGES, grep, limitBytes = BYTES, ...input }, call) {
    // What goes on inside of a workspace is no operator's to show.
    const { session, owner, task } = await findTask(call, input, "get", "caller");
    const what = `read the log of task ${input.namespace}/${task.name}`;
    const entries = await tellingTask(
      what,
      () => session.client.tasks.log(owner, task.id, agentOptions(call)),
    );
    const newest = entries.slice(-messages);
    const { text, isCut } = selectLines(
      newest.map(({ type, time, content }) => `--- ${type}${time ? ` at ${time}` : ""}\n${content}`).join(
        "\n",
      ),
      { grep, maxBytes: Math.min(limitBytes, MOST_BYTES) },
    );
    const truncated = isCut || newest.length < entries.length;
    if (truncated) {
      call.warn(
        `Older parts are left out (${entries.length} messages in all): more messages, more limitBytes, or grep.`,
      );
    }
    return { name: task.name, log: text, ...(truncated ? { truncated } : {}) };
  },
  text: ({ name, log }) => fenced(`conversation of the task ${name}`, log),
});
