/** What a fault rig may do to requests, and to which. */
import { describeRequest, type RequestInfo } from "./request_info.ts";

/** A request that went through the rig. */
export interface SeenRequest extends RequestInfo {
  /** Counts from 1, in the order of arrival. */
  id: number;
  userAgent: string;
  /** When it arrived, milliseconds on the clock of `performance.now()`. */
  at: number;
  /** The status that the client got; absent while it waits, and when it never got one. */
  status?: number;
  /** Whether it is still under way: for a watch, whether it is open. */
  open: boolean;
}

/** Which requests. Everything named must hold; nothing named means every request. */
export interface Match {
  /** HTTP method, upper case. */
  method?: string | readonly string[];
  /** As RBAC names it: get, list, watch, create, update, patch, delete, deletecollection. */
  verb?: string | readonly string[];
  /** Path without query: all of it, or a pattern. */
  path?: string | RegExp;
  /** Plural, without group: `leases`. */
  resource?: string | readonly string[];
  namespace?: string;
  name?: string;
  subresource?: string;
  /** A part of it, or a pattern. */
  userAgent?: string | RegExp;
  /** Whether it is a watch. */
  watch?: boolean;
  /** Anything else. */
  when?: (request: SeenRequest) => boolean;
}

/** How often a rule takes effect. */
export interface RuleOptions {
  /** How many matching requests pass first. @default {0} */
  skip?: number;
  /** How many are then affected (for event rules: events). @default until it is removed */
  times?: number;
}

/** One event of a watch. */
export interface WatchEvent {
  type: string;
  // deno-lint-ignore no-explicit-any -- objects of any kind
  object: any;
}

/** What a rule does. */
export type FaultAction =
  | { type: "freeze" }
  | { type: "delay"; ms: number }
  | { type: "cut" }
  | { type: "answer"; status: number; retryAfterSeconds?: number; message: string }
  | { type: "loseAnswer" }
  | { type: "expireWatch"; as: "event" | "status" }
  | { type: "delayEvents"; ms: number }
  | { type: "dropEvents"; which: (event: WatchEvent) => boolean };

/** A rule that is in force until it is removed or used up. Disposing of it removes it. */
export class FaultRule implements Disposable {
  /** How many requests (for event rules: events) it has affected. */
  hits = 0;
  #skip: number;
  #left: number;
  #removed = Promise.withResolvers<void>();
  #active = true;

  constructor(readonly action: FaultAction, readonly match: Match, options: RuleOptions) {
    this.#skip = options.skip ?? 0;
    this.#left = options.times ?? Infinity;
  }

  /** Whether it can still affect something. */
  get active(): boolean {
    return this.#active && this.#left > 0;
  }

  /** Resolves when it is removed. */
  get removed(): Promise<void> {
    return this.#removed.promise;
  }

  /** Takes it out of force; what it froze flows again. */
  remove(): void {
    this.#active = false;
    this.#removed.resolve();
  }

  [Symbol.dispose](): void {
    this.remove();
  }

  /** Uses it up by one; false where it does not apply (any more, or yet). */
  take(): boolean {
    if (!this.active) return false;
    if (this.#skip > 0) {
      this.#skip--;
      return false;
    }
    this.#left--;
    this.hits++;
    return true;
  }
}

/** Whether a request is among those that `match` means. */
export function matches(match: Match, request: SeenRequest): boolean {
  return oneOf(match.method, request.method) && oneOf(match.verb, request.verb) &&
    oneOf(match.resource, request.resource) && oneOf(match.namespace, request.namespace) &&
    oneOf(match.name, request.name) && oneOf(match.subresource, request.subresource) &&
    (match.watch === undefined || match.watch === (request.verb === "watch")) &&
    (match.path === undefined ||
      (typeof match.path === "string" ? match.path === request.path : match.path.test(request.path))) &&
    (match.userAgent === undefined ||
      (typeof match.userAgent === "string"
        ? request.userAgent.includes(match.userAgent)
        : match.userAgent.test(request.userAgent))) &&
    (match.when === undefined || match.when(request));
}

/** A request as it arrives. */
export function seen(id: number, method: string, url: string, userAgent: string): SeenRequest {
  return { ...describeRequest(method, url), id, userAgent, at: performance.now(), open: true };
}

function oneOf(wanted: string | readonly string[] | undefined, value: string | undefined): boolean {
  if (wanted === undefined) return true;
  return typeof wanted === "string" ? wanted === value : value !== undefined && wanted.includes(value);
}
