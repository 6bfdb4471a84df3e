/** One call to Coder: path, budget, headers, exchange, verdict, parsed answer. Everything noun-specific is data. */
import type { z } from "zod";
import { type Clock, systemClock } from "../telemetry/clock.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { answerOf, type TextReader } from "./answer.ts";
import { createBudget, type RequestBudget } from "./budget.ts";
import { checkToken, cleaner, isOfInactive, notGranted, pathOf, unanswered } from "./call_errors.ts";
import { createRequestReport } from "./client_metrics.ts";
import { type CallDescription, isTokenRefused } from "./errors.ts";
import { isFromCoder, type RefusedCall } from "./refusal.ts";
import { retryAfterMs } from "./retry_after.ts";
import { type Query, queryString } from "./route.ts";
import type { BodySource, CoderTransport, TransportAnswer } from "./transport.ts";

/** Options of every call. */
export interface CallOptions {
  /** Ends the call; its reason becomes the error's cause. */
  signal?: AbortSignal | undefined;
  /** Deadline of the whole call, waiting for the request budget included, in milliseconds. @default {15_000} */
  timeoutMs?: number | undefined;
}

/** What one call is. */
export interface CallSpec<T> {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path template. */
  readonly route: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly query?: Query;
  readonly body?: unknown;
  /** In place of `body`: bytes of this media type, sent as they come. */
  readonly upload?: { readonly type: string; readonly source: BodySource };
  /** Beside those of every call. Values must be printable ASCII; secret ones belong into `secrets`, too. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Parts of the body or headers that must never be seen again, such as passwords and licences. */
  readonly secrets?: readonly string[];
  /** The form of the answer; absent where only success counts. `text` and `bytes` take it as it is. */
  readonly answer?: z.ZodType<T> | "text" | "bytes" | TextReader<T>;
  /** Whether the session token goes along; `ifAny`: the call works without one. @default {true} */
  readonly signedIn?: boolean | "ifAny";
  /**
   * Asks Coder not to count this request, which it grants to owners alone (and, where it counts by address, to nobody).
   * For writes that must not be lost half way. @default {false}
   */
  readonly bypassRateLimit?: boolean;
}

/** Performs calls under one identity. */
export type Call = <T = void>(spec: CallSpec<T>, options?: CallOptions) => Promise<T>;

export interface CallerOptions {
  transport: CoderTransport;
  /** Session token; absent for what needs none. White space around it is dropped. */
  token?: string | undefined;
  /** Shared by all callers of one deployment. @default a budget of its own */
  budget?: RequestBudget | undefined;
  metrics?: Metrics | undefined;
  clock?: Clock | undefined;
  /** @default {"coder-k8s"} */
  userAgent?: string | undefined;
  /** Deadline of calls that name none, in milliseconds. @default {15_000} */
  timeoutMs?: number | undefined;
  /** Called where Coder says that this very token, or its user, is no good, before the call rejects. Must not throw. */
  onTokenRefused?: (() => void) | undefined;
}

const BYPASS_HEADER = "X-Coder-Bypass-Ratelimit";

/** Makes the function that performs calls. */
export function createCaller(options: CallerOptions): Call {
  const { transport, clock = systemClock, userAgent = "coder-k8s" } = options;
  const token = options.token?.trim();
  const budget = options.budget ??
    createBudget({ clock, ...options.metrics && { metrics: options.metrics } });
  const report = createRequestReport(options.metrics);
  let mayBypass = true;

  return async function call<T>(spec: CallSpec<T>, callOptions: CallOptions = {}): Promise<T> {
    const description: CallDescription = { method: spec.method, route: spec.route };
    const timeoutMs = callOptions.timeoutMs ?? options.timeoutMs ?? 15_000;
    const end = clock.now() + timeoutMs;
    const { signal } = callOptions;
    const path = pathOf(description, spec.parameters, transport.address);
    const clean = cleaner(token, spec.secrets);
    const refused: RefusedCall = { ...description, path: clean(path), address: transport.address, clean };
    const what = `${spec.method} ${refused.path} at ${transport.address}`;
    if (spec.signedIn !== false && !(spec.signedIn === "ifAny" && !token)) {
      checkToken(token, what, description);
    }
    const body = spec.upload?.source ?? (spec.body === undefined ? undefined : JSON.stringify(spec.body));
    const bodyType = spec.upload?.type ?? "application/json";

    for (let bypass = mayBypass && spec.bypassRateLimit === true;; bypass = false) {
      const permit = await budget.acquire(path, { maxWaitMs: end - clock.now(), signal });
      if (!permit.granted) throw notGranted(permit, what, description, signal);
      const answer = await exchange({
        method: spec.method,
        path: path + queryString(spec.query),
        headers: {
          "Accept": "application/json",
          "User-Agent": userAgent,
          ...spec.headers,
          ...(spec.signedIn !== false && token ? { "Coder-Session-Token": token } : {}),
          ...(body === undefined ? {} : { "Content-Type": bodyType }),
          ...(bypass ? { [BYPASS_HEADER]: "true" } : {}),
        },
        ...(body === undefined ? {} : { body }),
        ...(spec.answer === "bytes" ? { encoding: "latin1" as const } : {}),
        signal,
        timeoutMs: Math.max(1, end - clock.now()),
      });
      if (answer.status === 429) budget.limited(path, retryAfterMs(answer.headers), !isFromCoder(answer));
      else budget.passed(path);
      if (answer.status === 428 && bypass) {
        // Only owners may bypass the limit, and this token's user is none: ask no more.
        mayBypass = false;
        continue;
      }
      try {
        return await answerOf<T>(answer, spec.answer, refused);
      } catch (error) {
        if (isTokenRefused(error) || isOfInactive(error)) options.onTokenRefused?.();
        throw error;
      }
    }

    async function exchange(request: Parameters<CoderTransport["send"]>[0]): Promise<TransportAnswer> {
      const start = clock.now();
      let code: number | "<error>" = "<error>";
      try {
        const answer = await transport.send(request);
        code = answer.status;
        return answer;
      } catch (error) {
        throw unanswered(error, what, description, clean, signal);
      } finally {
        report(spec.route, spec.method, code, (clock.now() - start) / 1_000);
      }
    }
  };
}
