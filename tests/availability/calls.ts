/** AI clients that call tools all the time, and try again what was not answered, as clients of MCP do. */
import { sleep } from "../cluster/mod.ts";
import type { CallAnswer, ClientKind, ConnectedClient } from "../mcp/clients.ts";

export interface CallsReport {
  readonly calls: number;
  /** Answers; each call has one where nothing is lost. */
  readonly answers: number;
  /** How often a call was sent again. */
  readonly retries: number;
  /** Calls that had no good answer in the end, in words. */
  readonly lost: readonly string[];
  /** From the first attempt to the answer, in milliseconds. */
  readonly longestMs: number;
  /** Why calls were sent again, with how often. */
  readonly reasons: ReadonlyMap<string, number>;
}

/** Disposing of it waits for the last answers. */
export interface Calls extends AsyncDisposable {
  readonly report: CallsReport;
}

/** One tool, and whether an answer is what it has to be; the reason where it is not. */
export interface AskedTool {
  readonly tool: string;
  readonly args: Record<string, unknown>;
  readonly wrong: (answer: CallAnswer) => string | undefined;
}

export interface CallsOptions {
  readonly url: string;
  readonly token: string;
  readonly kinds: readonly ClientKind[];
  readonly tools: readonly AskedTool[];
  /** How long a call is tried again, in milliseconds. @default {120_000} */
  readonly patienceMs?: number;
  /** Between two calls of one client, in milliseconds. @default {20} */
  readonly pauseMs?: number;
}

export function startCalls(options: CallsOptions): Calls {
  const { kinds, tools, patienceMs = 120_000, pauseMs = 20 } = options;
  const stop = new AbortController();
  const lost: string[] = [];
  const reasons = new Map<string, number>();
  let calls = 0;
  let answers = 0;
  let retries = 0;
  let longestMs = 0;

  async function one(kind: ClientKind): Promise<void> {
    let client: ConnectedClient | undefined;
    const leave = async () => {
      const old = client;
      client = undefined;
      try {
        await old?.[Symbol.asyncDispose]();
      } catch { /* Its connection is broken. */ }
    };
    for (let turn = 0; !stop.signal.aborted; turn++) {
      const asked = tools[turn % tools.length]!;
      const began = performance.now();
      calls++;
      for (let attempt = 0;; attempt++) {
        try {
          client ??= await kind.connect({ url: options.url, token: options.token });
          const answer = await client.call(asked.tool, asked.args);
          if (isForLater(answer)) throw new Error(answer.text);
          answers++;
          const wrong = asked.wrong(answer);
          if (wrong !== undefined) lost.push(`${kind.name} ${asked.tool}: ${wrong}`);
          break;
        } catch (error) {
          const why = reason(error);
          if (performance.now() - began > patienceMs) {
            lost.push(`${kind.name} ${asked.tool}: ${why} after ${attempt + 1} attempts`);
            await leave();
            break;
          }
          retries++;
          reasons.set(why, (reasons.get(why) ?? 0) + 1);
          // The same client first: what a session is must not be lost with a replica.
          if (attempt > 0) await leave();
          await sleep(Math.min(1_000, 50 * 2 ** attempt));
        }
      }
      longestMs = Math.max(longestMs, performance.now() - began);
      await sleep(pauseMs, stop.signal).catch(() => {});
    }
    await leave();
  }

  const running = kinds.map(one);
  return {
    get report() {
      return { calls, answers, retries, lost, longestMs, reasons };
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new Error("enough was asked"));
      await Promise.all(running);
    },
  };
}

/** A tool that could not do its work for now says so in its answer, to whoever reads it. */
export function isForLater({ isError, text }: Pick<CallAnswer, "isError" | "text">): boolean {
  return isError && /ServiceUnavailable \(503\)/.test(text);
}

/** Short, and without what differs from call to call. */
function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : "";
  return `${message}${cause}`.replaceAll(/\d{4,5}/g, "…").slice(0, 160);
}
