/** Tools that do nothing but show what a transport has to carry. */
import { z } from "zod";
import { ToolError } from "../../src/mcp/errors.ts";
import { changeTool, readTool, type Tool } from "../../src/mcp/tool.ts";

/** What the tools of one world leave behind. */
export interface Traces {
  readonly notes: Map<string, string>;
  /** Calls of `hang` that have begun, and that were told to end. */
  hanging: number;
  ended: number;
  /** How often `set_note` was carried out. */
  changes: number;
}

export const newTraces = (): Traces => ({ notes: new Map(), hanging: 0, ended: 0, changes: 0 });

/** Those of one replica; replicas of one world share their traces. */
export function fixtureTools(traces: Traces, replica: string): Tool[] {
  const add = readTool({
    name: "add",
    description: "Adds two numbers",
    toolset: "core",
    idempotent: true,
    input: z.object({ a: z.int(), b: z.int().default(0).describe("What is added") }),
    output: z.object({ sum: z.int(), caller: z.string(), replica: z.string() }),
    read: ({ a, b }, { caller }) => Promise.resolve({ sum: a + b, caller: caller.user.name, replica }),
  });
  const say = readTool({
    name: "say",
    description: "Says it again, many times if need be",
    toolset: "core",
    idempotent: true,
    input: z.object({ text: z.string(), times: z.int().min(1).max(1_000_000).default(1) }),
    output: z.object({ text: z.string() }),
    read: ({ text, times }) => Promise.resolve({ text: text.repeat(times) }),
    text: ({ text }) => text,
  });
  const fail = readTool({
    name: "fail",
    description: "Fails as a tool does",
    toolset: "core",
    idempotent: true,
    input: z.object({ code: z.enum(["invalid", "not_found", "forbidden", "internal"]).default("not_found") }),
    output: z.object({}),
    read: ({ code }) => Promise.reject(new ToolError(code, "get Nothing lab/none: there is none")),
  });
  const count = readTool({
    name: "count",
    description: "Counts, and tells how far it is",
    toolset: "core",
    idempotent: true,
    input: z.object({ to: z.int().min(1).max(1_000) }),
    output: z.object({ counted: z.int() }),
    read({ to }, { progress, warn }) {
      for (let done = 1; done <= to; done++) progress(done, to, `${done} of ${to}`);
      warn("the count is only a count");
      return Promise.resolve({ counted: to });
    },
  });
  const hang = readTool({
    name: "hang",
    description: "Ends when it is told to",
    toolset: "core",
    idempotent: true,
    input: z.object({}),
    output: z.object({}),
    async read(_, { signal, progress }) {
      traces.hanging++;
      progress(1, undefined, "it hangs");
      await new Promise((resolve) =>
        signal.aborted ? resolve(undefined) : signal.addEventListener("abort", resolve, { once: true })
      );
      traces.ended++;
      throw signal.reason;
    },
  });
  const setNote = changeTool({
    name: "set_note",
    description: "Writes a note",
    toolset: "core",
    idempotent: true,
    destructive: false,
    input: z.object({ name: z.string(), text: z.string() }),
    output: z.object({ name: z.string(), text: z.string().optional(), updated: z.boolean() }),
    plan({ name, text }) {
      const before = traces.notes.get(name);
      const answer = { name, ...(before === undefined ? {} : { text: before }), updated: false };
      if (before === text) return Promise.resolve({ answer });
      const diff = `- ${before ?? ""}\n+ ${text}`;
      return Promise.resolve({
        answer,
        plan: { summary: `Write the note ${name}`, diff, preconditions: { before: before ?? "" } },
      });
    },
    apply({ name, text }) {
      traces.notes.set(name, text);
      traces.changes++;
      return Promise.resolve({ name, text, updated: true });
    },
  });
  const tell = readTool({
    name: "traces",
    description: "What calls have left behind",
    toolset: "core",
    idempotent: true,
    input: z.object({}),
    output: z.object({ hanging: z.int(), ended: z.int(), changes: z.int() }),
    read: () => Promise.resolve({ hanging: traces.hanging, ended: traces.ended, changes: traces.changes }),
  });
  return [add, say, fail, count, hang, setNote, tell];
}
