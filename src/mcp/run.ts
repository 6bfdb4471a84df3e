/** Runs one tool: checks what was sent, asks before it changes anything, checks what is answered. */
import { createHash } from "node:crypto";
import type { z } from "zod";
import { type AnswerRedaction, answerRedaction } from "./answers/redacted.ts";
import { compactText } from "./answers/text.ts";
import { ToolError, toolError } from "./errors.ts";
import {
  type ActTool,
  ANSWER_OUTPUT,
  CHANGE_INPUT,
  CHANGE_OUTPUT,
  type ChangeTool,
  type Plan,
  type Tool,
  type ToolCall,
} from "./tool.ts";

/** What a plan is bound to: nobody else can use it, for nothing else. */
export interface PlanBinding {
  /** Of the caller, the tool, what was asked for and what would happen: hexadecimal SHA-256. */
  readonly hash: string;
  /** Of the caller, the tool and what was asked for alone: tells a call that is another from a world that is. */
  readonly asked?: string;
}

/** Tokens for plans that were told: good once, for minutes. */
export interface PlanBook {
  issue(binding: PlanBinding): Promise<{ readonly planToken: string; readonly expiresAt: string }>;
  /** @throws {ToolError} where it is not that plan's, too old, or was used before, at whichever replica */
  redeem(planToken: string, binding: PlanBinding): Promise<void>;
}

/** Asks the person behind the client. */
export type Elicit = (question: {
  readonly message: string;
  /** Only an answer to the question of this very plan counts. */
  readonly binding: PlanBinding;
}) => Promise<"accept" | "decline">;

export interface RunOptions {
  readonly plans: PlanBook;
  /** Absent where the client cannot ask anybody. */
  readonly elicit?: Elicit | undefined;
  /** Takes secrets out of answers and errors. @default {by shapes and names alone} */
  readonly redaction?: AnswerRedaction | undefined;
}

const SHAPES = answerRedaction();

/** The same object for the same frozen answer of a tool: what is made of it may be kept by it. */
export interface ToolAnswer {
  /** Checked against the tool's schema; fields that it does not name are gone. */
  readonly output: Record<string, unknown>;
  readonly text: string;
  /** Whether something was changed. */
  readonly changed: boolean;
}

/** The whole schema of a tool's input, as clients see it. */
export function inputSchemaOf(tool: Tool): z.ZodObject {
  return (tool.kind === "change" ? tool.input.extend(CHANGE_INPUT) : tool.input).strict();
}

/** The same of its answers. */
export function outputSchemaOf(tool: Tool): z.ZodObject {
  return tool.output.extend({ ...(tool.kind === "change" ? CHANGE_OUTPUT : {}), ...ANSWER_OUTPUT });
}

const schemas = new WeakMap<Tool, { readonly input: z.ZodObject; readonly output: z.ZodObject }>();

function schemasOf(tool: Tool): { readonly input: z.ZodObject; readonly output: z.ZodObject } {
  let known = schemas.get(tool);
  if (known === undefined) {
    schemas.set(tool, known = { input: inputSchemaOf(tool), output: outputSchemaOf(tool) });
  }
  return known;
}

/** @throws {ToolError} whatever goes wrong, and what `elicit` throws */
export async function runTool(
  tool: Tool,
  args: unknown,
  call: Omit<ToolCall, "warn" | "agree" | "redact">,
  { plans, elicit, redaction = SHAPES }: RunOptions,
): Promise<ToolAnswer> {
  try {
    return await answerOf(tool, args, call, plans, elicit, redaction);
  } catch (error) {
    throw error instanceof ToolError ? withoutSecrets(error, redaction) : error;
  }
}

function withoutSecrets(error: ToolError, redaction: AnswerRedaction): ToolError {
  const message = redaction.text(error.message);
  return message === error.message ? error : new ToolError(error.code, message, { cause: error.cause });
}

async function answerOf(
  tool: Tool,
  args: unknown,
  call: Omit<ToolCall, "warn" | "agree" | "redact">,
  plans: PlanBook,
  ask: Elicit | undefined,
  redaction: AnswerRedaction,
): Promise<ToolAnswer> {
  const { input, output } = schemasOf(tool);
  const parsed = input.safeParse(args ?? {});
  if (!parsed.success) throw new ToolError("invalid", wrongInput(parsed.error.issues));
  const warnings: string[] = [];
  const redact = (text: string) => redaction.text(text);
  const elicit: Elicit | undefined = ask &&
    ((question) => ask({ ...question, message: redact(question.message) }));
  const own: ToolCall = {
    ...call,
    redact,
    progress: (done, total, message) =>
      call.progress(done, total, tool.verbatim === true ? message : redact(message)),
    // Whatever is the caller's own, this is what others say.
    warn(text) {
      const shown = redact(text);
      if (!warnings.includes(shown)) warnings.push(shown);
    },
  };
  const answered = tool.kind === "change"
    ? await change(tool, parsed.data, own, plans, elicit)
    : tool.kind === "act"
    ? { answer: await act(tool, parsed.data, own, elicit), changed: true }
    : { answer: await telling(() => tool.read(parsed.data, own)), changed: false };
  const { answer, changed } = answered;
  // A frozen answer is one that the tool gives again and again, as long as nothing has changed.
  const isKept = warnings.length === 0 && Object.isFrozen(answer);
  const known = isKept ? finished.get(answer) : undefined;
  if (known?.redaction === redaction && known.generation === redaction.generation) return known.made;
  const { generation } = redaction;
  const checked = output.safeParse({ ...answer, ...(warnings.length === 0 ? {} : { warnings }) });
  if (!checked.success) {
    throw new ToolError("internal", "the answer is not as it should be: this is a mistake in coder-k8s", {
      cause: checked.error,
    });
  }
  // The text is made of what is shown, and so needs no second look.
  const shown = tool.verbatim === true ? checked.data : redaction.value(checked.data);
  const text = (tool.text ?? compactText)(shown as never);
  const notes = ((shown["warnings"] ?? []) as string[]).map((warning) => `Note: ${warning}`);
  const made = { output: shown, text: [text, ...notes].join("\n"), changed };
  if (isKept) finished.set(answer, { made, redaction, generation });
  return made;
}

/** What the question ends the call with is no failure of the tool's. */
async function act(
  tool: ActTool,
  input: Record<string, unknown>,
  call: ToolCall,
  elicit: Elicit | undefined,
): Promise<Record<string, unknown>> {
  if (tool.asks !== true || elicit === undefined) return await telling(() => tool.act(input, call));
  let ended: { readonly by: unknown } | undefined;
  const agree = async (plan: Plan) => {
    const binding = bindingOf(tool.name, input, plan, call.caller.id);
    const answer = await elicit({ message: `${plan.summary}?`, binding }).catch((error: unknown) => {
      ended = { by: error };
      throw error;
    });
    if (answer === "accept") return;
    throw new ToolError("declined", `${plan.summary}: it was declined, and nothing was done`);
  };
  try {
    return await telling(() => tool.act(input, { ...call, agree }));
  } catch (error) {
    throw ended === undefined ? error : ended.by;
  }
}

interface Finished {
  readonly made: ToolAnswer;
  readonly redaction: AnswerRedaction;
  readonly generation: number;
}

/** What was made of frozen answers, until another secret is known. */
const finished = new WeakMap<object, Finished>();

interface Changed {
  readonly answer: Record<string, unknown>;
  readonly changed: boolean;
}

async function change(
  tool: ChangeTool,
  given: Record<string, unknown>,
  call: ToolCall,
  plans: PlanBook,
  elicit: Elicit | undefined,
): Promise<Changed> {
  const { dryRun, planToken, ...input } = given;
  const { plan, answer } = await telling(() => tool.plan(input, call));
  if (plan === undefined) return { answer, changed: false };
  const told = { summary: plan.summary, ...(plan.diff === undefined ? {} : { diff: plan.diff }) };
  if (dryRun === true) return { answer: { ...answer, plan: told }, changed: false };
  const binding = bindingOf(tool.name, input, plan, call.caller.id);
  if (typeof planToken === "string") await plans.redeem(planToken, binding);
  else if (elicit === undefined) {
    const issued = await plans.issue(binding);
    return { answer: { ...answer, plan: { ...told, ...issued } }, changed: false };
  } else {
    const message = plan.diff === undefined ? `${plan.summary}?` : `${plan.summary}?\n\n${plan.diff}`;
    if (await elicit({ message, binding }) !== "accept") {
      throw new ToolError("declined", `${plan.summary}: it was declined, and nothing was changed`);
    }
  }
  return { answer: await telling(() => tool.apply(input, call, plan)), changed: true };
}

/** Equal where the same caller asks for the same, and the same would come of it. */
export function bindingOf(
  tool: string,
  input: Record<string, unknown>,
  { summary, diff = "", preconditions }: Plan,
  caller: string,
): PlanBinding {
  const sha256 = (value: unknown) => createHash("sha256").update(JSON.stringify(value)).digest("hex");
  const asked = [caller, tool, sorted(input)];
  return { hash: sha256([...asked, summary, diff, sorted(preconditions)]), asked: sha256(asked) };
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, one]) => one !== undefined).sort(([a], [b]) =>
    a < b ? -1 : 1
  );
  return Object.fromEntries(entries.map(([key, one]) => [key, sorted(one)]));
}

async function telling<R>(run: () => Promise<R>): Promise<R> {
  try {
    return await run();
  } catch (error) {
    throw toolError(error);
  }
}

/** The first thing that is wrong as the Go server says it, otherwise all of them. */
function wrongInput(issues: readonly z.core.$ZodIssue[]): string {
  const required = issues.find(({ code, message }) => code === "custom" && / is required$/.test(message));
  if (required !== undefined) return required.message;
  const words = issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join(".")}: ${message}`
  );
  return `wrong arguments: ${words.join("; ")}`;
}
