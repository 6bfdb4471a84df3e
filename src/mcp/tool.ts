/** What a tool is. One file a noun in `tools/`; `run.ts` runs them, `catalog.ts` knows all of them. */
import { z } from "zod";
import type { CallerCluster, CallerCoders, McpCaller } from "../caller/types.ts";

/** Groups that can be chosen; `core` is what there is by default. */
export const TOOLSETS = [
  "core",
  "workspaces",
  "templates",
  "platform",
  "tasks",
  "kubernetes",
  "sessions",
] as const;
export type Toolset = (typeof TOOLSETS)[number];

/** What belongs to one call. */
export interface ToolCall {
  readonly caller: McpCaller;
  readonly cluster: CallerCluster;
  readonly coders: CallerCoders;
  /** Ends with the client, or with the call's deadline. */
  readonly signal: AbortSignal;
  /** W3C trace context that the client sent; absent without one. */
  readonly traceparent?: string | undefined;
  /** Milliseconds since 1970. */
  now(): number;
  /** Tells the client how far it is, where it wants to know. Never throws. */
  progress(done: number, total: number | undefined, message: string): void;
  /** Says for the record which sandbox session it was, and where that is. Absent where nobody keeps one. */
  readonly provenance?: ((where: Provenance) => void) | undefined;
  /**
   * Asks the person behind the client whether that may be done; for tools that act, and say that they may ask. Absent where
   * nobody can be asked.
   * @throws {ToolError} `declined`
   */
  readonly agree?: ((plan: Plan) => Promise<void>) | undefined;
  /** Takes secrets out of what others say, for answers that are the caller's own otherwise. @default {what is given} */
  readonly redact?: ((text: string) => string) | undefined;
  /** Something the caller should know of the answer: part of it as `warnings`. */
  warn(text: string): void;
}

/** Where something was done. */
export interface Provenance {
  /** The sandbox session. */
  readonly session: string;
  /** Its directory, at its worker: `<worker>/<session>`; or its Coder workspace: `<owner>/<workspace>.<agent>`. */
  readonly workspace: string;
}

/** What a change would do, found out by a dry run that changes nothing. */
export interface Plan {
  /** One sentence, such as `Stop the workspace lab/acme.ann.dev`. */
  readonly summary: string;
  /** The object before and after, as lines of a diff; absent where there is nothing to compare. */
  readonly diff?: string | undefined;
  /**
   * What must still be so when it is done: UIDs, resource versions, ids of builds. A plan whose preconditions, summary or
   * diff are others by then is not carried out.
   */
  readonly preconditions: Readonly<Record<string, string>>;
}

/** What a tool's answer is read by before it is sent. */
interface Shape<I extends z.ZodObject, O extends z.ZodObject> {
  /** `^[a-z][a-z0-9_.]{0,63}$`; dots become `_` where clients need it. */
  readonly name: string;
  /** What it is good for, in a few words: every one costs each client tokens. */
  readonly description: string;
  readonly toolset: Toolset;
  /** Every field with a description that says limits and defaults, where its name does not say it all. */
  readonly input: I;
  readonly output: O;
  /** Doing it twice is no more than doing it once. */
  readonly idempotent: boolean;
  /** The answer as text for people and models: compact, complete. @default {`compactText`} */
  readonly text?: (output: z.output<O>) => string;
  /** The answer is the caller's own data, shown byte for byte: nothing is taken out of it. @default {false} */
  readonly verbatim?: boolean;
}

/** A tool that changes nothing. */
export interface ReadTool<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject>
  extends Shape<I, O> {
  readonly kind: "read";
  /** An answer that is frozen is checked and told once, however often it is given. */
  read(input: z.output<I>, call: ToolCall): Promise<z.input<O>>;
}

/** A tool that changes something, once the caller has seen what. */
export interface ChangeTool<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject>
  extends Shape<I, O> {
  readonly kind: "change";
  /** Something may be lost by it. */
  readonly destructive: boolean;
  /**
   * Checks everything and changes nothing. `answer` is what the caller gets where it goes no further; `plan` is absent
   * where nothing is to be done.
   */
  plan(input: z.output<I>, call: ToolCall): Promise<{ readonly plan?: Plan; readonly answer: z.input<O> }>;
  /** Does what `plan` has said, and checks its preconditions where it can. */
  apply(input: z.output<I>, call: ToolCall, plan: Plan): Promise<z.input<O>>;
}

/**
 * A tool that acts on what is the caller's own and shut off from everything else, such as a sandbox: nobody has to agree
 * first.
 */
export interface ActTool<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject>
  extends Shape<I, O> {
  readonly kind: "act";
  /** Something may be lost by it. */
  readonly destructive: boolean;
  /** It reaches what is beyond this system, such as a package registry. @default {false} */
  readonly openWorld?: boolean;
  /** It may ask somebody first (`ToolCall.agree`). @default {false} */
  readonly asks?: boolean;
  act(input: z.output<I>, call: ToolCall): Promise<z.input<O>>;
}

export type Tool = ReadTool | ChangeTool | ActTool;

/** Keeps the types of a tool's input and output together. */
export function readTool<I extends z.ZodObject, O extends z.ZodObject>(
  tool: Omit<ReadTool<I, O>, "kind">,
): ReadTool {
  return { ...tool, kind: "read" } as unknown as ReadTool;
}

/** As {@linkcode readTool}. */
export function changeTool<I extends z.ZodObject, O extends z.ZodObject>(
  tool: Omit<ChangeTool<I, O>, "kind">,
): ChangeTool {
  return { ...tool, kind: "change" } as unknown as ChangeTool;
}

/** As {@linkcode readTool}. */
export function actTool<I extends z.ZodObject, O extends z.ZodObject>(
  tool: Omit<ActTool<I, O>, "kind">,
): ActTool {
  return { ...tool, kind: "act" } as unknown as ActTool;
}

/** Fields that all changes have beside their own. */
export const CHANGE_INPUT = {
  dryRun: z.boolean().default(false).describe("Only tell what would happen"),
  planToken: z.string().max(2_048).optional().describe("From the first answer: do exactly that"),
};

/** What all changes answer beside their own. */
export const CHANGE_OUTPUT = {
  plan: z.object({
    summary: z.string(),
    diff: z.string().optional(),
    planToken: z.string().optional(),
    expiresAt: z.string().optional(),
  }).optional().describe("Nothing was done yet"),
};
/** What every answer may have. */
export const ANSWER_OUTPUT = { warnings: z.array(z.string()).optional() };

/** As the Go server says it; clients may match it. */
export const requiredText = (field: string, max = 253) =>
  z.string().max(max).refine((text) => text !== "", { error: `${field} is required` });
/** The two that nearly every tool has. */
export const namespaceInput = () => requiredText("namespace", 63);
export const nameInput = () => requiredText("name");
