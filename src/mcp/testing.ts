/** Tools for tests: run one as a client would, with everything around it in memory. */
import type { CallerCluster, CallerCoders, McpCaller } from "../caller/types.ts";
import { ToolError } from "./errors.ts";
import { type PlanBook, type RunOptions, runTool, type ToolAnswer } from "./run.ts";
import type { Tool } from "./tool.ts";

export const CALLER: McpCaller = {
  user: { name: "ann", groups: ["system:authenticated"], extra: {} },
  method: "token",
  id: "ann",
};

/** Plans that never grow old. */
export class MemoryPlans implements PlanBook {
  readonly #open = new Map<string, string>();

  issue({ hash }: { readonly hash: string }) {
    const planToken = crypto.randomUUID();
    this.#open.set(planToken, hash);
    return Promise.resolve({ planToken, expiresAt: "2026-01-01T00:05:00Z" });
  }

  redeem(planToken: string, { hash }: { readonly hash: string }) {
    const is = this.#open.get(planToken) === hash;
    this.#open.delete(planToken);
    return is
      ? Promise.resolve()
      : Promise.reject(new ToolError("conflict", "planToken: it is not this plan's"));
  }
}

export interface ToolRigOptions extends Partial<Pick<RunOptions, "elicit" | "redaction">> {
  readonly cluster?: CallerCluster;
  readonly coders?: CallerCoders;
  readonly caller?: McpCaller;
  readonly signal?: AbortSignal;
}

export interface ToolRig {
  /** Runs it; rejects with `ToolError`. */
  run(tool: Tool, args?: Record<string, unknown>): Promise<ToolAnswer>;
  /** What it refuses with. Throws where it does not. */
  refuses(tool: Tool, args?: Record<string, unknown>): Promise<ToolError>;
  /** Runs a change twice: for its plan, and with the plan's token. */
  carriesOut(
    tool: Tool,
    args?: Record<string, unknown>,
  ): Promise<{ readonly plan: ToolAnswer; readonly done: ToolAnswer }>;
  readonly progress: string[];
}

const nowhere = <T extends object>(what: string): T =>
  new Proxy({} as T, {
    get: (_, name) => () =>
      Promise.reject(new Error(`The test gave no ${what}, and it is asked for ${String(name)}.`)),
  });

/** Makes it. */
export function toolRig(options: ToolRigOptions = {}): ToolRig {
  const plans = new MemoryPlans();
  const progress: string[] = [];
  const run = (tool: Tool, args: Record<string, unknown> = {}) =>
    runTool(tool, args, {
      caller: options.caller ?? CALLER,
      cluster: options.cluster ?? nowhere<CallerCluster>("cluster"),
      coders: options.coders ?? nowhere<CallerCoders>("Coder"),
      signal: options.signal ?? AbortSignal.timeout(120_000),
      now: Date.now,
      progress: (_done, _total, message) => void progress.push(message),
    }, { plans, elicit: options.elicit, redaction: options.redaction });
  return {
    run,
    progress,
    async refuses(tool, args) {
      const answer = await run(tool, args).catch((error) => error);
      if (answer instanceof ToolError) return answer;
      if (answer instanceof Error) throw answer;
      throw new Error(`${tool.name} did not refuse: ${answer.text}`);
    },
    async carriesOut(tool, args) {
      const plan = await run(tool, args);
      const { planToken } = plan.output["plan"] as { planToken?: string } ?? {};
      if (planToken === undefined) throw new Error(`${tool.name} told no plan: ${plan.text}`);
      return { plan, done: await run(tool, { ...args, planToken }) };
    },
  };
}

/** What of a text stands outside of all fences. */
export function unfenced(text: string): string {
  return text.replace(FENCE, "");
}

/** What stands between the marks of what others have written. */
export function fencedIn(text: string): string[] {
  return [...text.matchAll(FENCE)].map(([, , inside = ""]) => inside);
}

const FENCE = /^<<<(\w+)\n([^]*?)\n\1>>>$/gm;
