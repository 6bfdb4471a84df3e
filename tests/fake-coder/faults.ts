/** Trouble on demand: failures, delays, lost answers, rate limits. */
import { refuse, type Reply } from "./reply.ts";

/** Which requests; all of those given must match. */
export interface FaultMatch {
  readonly method?: string;
  /** Path template, such as `/api/v2/licenses`. */
  readonly route?: string;
  /** Of the path without the query. */
  readonly path?: RegExp;
}

export type FaultAction =
  /** Answered so, without being carried out. */
  | { readonly do: "answer"; readonly reply: Reply; readonly foreign?: boolean }
  /** Carried out only after `ms`, or when `until` settles. */
  | { readonly do: "delay"; readonly ms?: number; readonly until?: Promise<unknown> }
  /** The connection breaks before anything is carried out. */
  | { readonly do: "dropRequest" }
  /** Carried out; then the connection breaks in place of an answer. */
  | { readonly do: "loseAnswer" }
  /** Carried out; the answer stops in its middle. */
  | { readonly do: "truncate" }
  /** Carried out; the body is this text instead. */
  | { readonly do: "body"; readonly body: string; readonly contentType?: string }
  /** Never answered and not carried out. */
  | { readonly do: "hang" };

export interface Fault extends FaultMatch {
  readonly action: FaultAction;
  /** How many requests it hits. @default {1} */
  readonly times?: number;
  /** How many matching requests pass before it begins. @default {0} */
  readonly skip?: number;
}

/** A page, as ingresses and load balancers send them: not JSON, not Coder's headers. */
export function htmlPage(status: number, title: string): FaultAction {
  return {
    do: "answer",
    foreign: true,
    reply: {
      status,
      text: `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body>nginx</body></html>`,
      headers: { "Content-Type": "text/html" },
    },
  };
}

/** 429 as coderd sends it; `retryAfter` in seconds, null to leave the header out. */
export function tooManyRequests(retryAfter: number | null = 60): FaultAction {
  return {
    do: "answer",
    reply: refuse(429, "You've been rate limited for sending more than 512 requests in 1m0s.", {
      headers: retryAfter === null ? {} : { "Retry-After": String(retryAfter) },
    }),
  };
}

interface Live {
  readonly fault: Fault;
  left: number;
  skip: number;
}

/** The faults of one fake. The first that matches counts. */
export class Faults {
  readonly #live: Live[] = [];

  /** Adds a fault; returns the function that takes it away. */
  add(fault: Fault): () => void {
    const live: Live = { fault, left: fault.times ?? 1, skip: fault.skip ?? 0 };
    this.#live.push(live);
    return () => this.#remove(live);
  }

  /** Answers every request with 429 until the returned function is called. */
  rateLimit(retryAfter: number | null = 60, match: FaultMatch = {}): () => void {
    return this.add({ ...match, times: Infinity, action: tooManyRequests(retryAfter) });
  }

  /** Takes all faults away. */
  clear(): void {
    this.#live.length = 0;
  }

  /** Faults that have hits left. */
  get size(): number {
    return this.#live.length;
  }

  /** The action for a request, which uses up one hit. */
  take(method: string, route: string | undefined, path: string): FaultAction | undefined {
    for (const live of this.#live) {
      const { fault } = live;
      if (fault.method !== undefined && fault.method !== method) continue;
      if (fault.route !== undefined && fault.route !== route) continue;
      if (fault.path !== undefined && !fault.path.test(path)) continue;
      if (live.skip > 0) {
        live.skip--;
        continue;
      }
      if (--live.left <= 0) this.#remove(live);
      return fault.action;
    }
    return undefined;
  }

  #remove(live: Live): void {
    const index = this.#live.indexOf(live);
    if (index >= 0) this.#live.splice(index, 1);
  }
}
