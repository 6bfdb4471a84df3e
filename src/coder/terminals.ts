/** Opens terminals in workspaces, through coderd's WebSocket of pseudo-terminals (PTY). */
import { Buffer } from "node:buffer";
import { systemClock } from "../telemetry/clock.ts";
import { adviceFor } from "./advice.ts";
import { answerOf } from "./answer.ts";
import { createBudget } from "./budget.ts";
import type { Call, CallerOptions } from "./call.ts";
import { checkToken, cleaner, notGranted, pathOf, unanswered } from "./call_errors.ts";
import { createRequestReport } from "./client_metrics.ts";
import {
  type CallDescription,
  CoderApiError,
  type CoderErrorKind,
  type CoderErrorReason,
  CoderNotSentError,
} from "./errors.ts";
import { isFromCoder, refusalOf, type RefusedCall } from "./refusal.ts";
import { retryAfterMs } from "./retry_after.ts";
import { queryString } from "./route.ts";
import type { OpenTerminal, Terminal, TerminalRequest } from "./terminal.ts";
import type { TransportAnswer } from "./transport.ts";
import type { Socket, SocketAnswer } from "./web_socket.ts";

export interface TerminalCalls {
  /**
   * A terminal of a workspace's agent, 500 columns wide and 200 rows high, which is typed to and read. Its `CoderError` says:
   * - `notFound`: there is no such agent (its id changes with every start), or this user may not open terminals there;
   * - `unavailable`, reason `agentAway`: the workspace is not running, or its agent is not connected;
   * - `unavailable`, reason `noWebSocket`: something on the way does not let WebSockets through.
   */
  readonly open: OpenTerminal;
}

const ROUTE = "/api/v2/workspaceagents/{workspaceagent}/pty";
/** Coder looks for the agent before it answers. In milliseconds. */
const OPEN_MS = 30_000;
/** Of one message, in bytes: Coder's own clients send no larger ones. */
const LARGEST_MESSAGE = 16 * 2 ** 10;
const LONGEST_REASON = 300;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** `call` finds out whether a token is good: Coder says "not found" to bad ones here. */
export function terminalCalls(options: CallerOptions, call: Call): TerminalCalls {
  const { transport, clock = systemClock, userAgent = "coder-k8s" } = options;
  const token = options.token?.trim();
  const budget = options.budget ??
    createBudget({ clock, ...options.metrics && { metrics: options.metrics } });
  const report = createRequestReport(options.metrics);
  const description: CallDescription = { method: "GET", route: ROUTE };

  async function open(request: TerminalRequest, signal: AbortSignal): Promise<Terminal> {
    const end = clock.now() + OPEN_MS;
    const { agentId, reconnect = crypto.randomUUID() } = request;
    for (const [name, value] of [["agent", agentId], ["terminal", reconnect]]) {
      if (UUID.test(value ?? "")) continue;
      throw notSent(`the id of the ${name} is not a UUID`, { kind: "invalid", reason: "badParameter" });
    }
    const path = pathOf(description, { workspaceagent: agentId }, transport.address);
    const clean = cleaner(token);
    const what = `GET ${path} at ${transport.address}`;
    checkToken(token, what, description);
    if (transport.connect === undefined) {
      throw notSent("this way to Coder carries no WebSockets", {
        kind: "unsupported",
        reason: "noWebSocket",
      });
    }
    signal.throwIfAborted();
    const permit = await budget.acquire(path, { maxWaitMs: OPEN_MS, signal });
    if (!permit.granted) throw notGranted(permit, what, description, signal);
    const start = clock.now();
    let code: number | "<error>" = "<error>";
    let answer: SocketAnswer;
    try {
      answer = await transport.connect({
        path: path + queryString({
          reconnect,
          width: 500,
          height: 200,
          backend_type: "buffered",
          command: request.command,
        }),
        headers: { "User-Agent": userAgent, "Coder-Session-Token": token },
        signal,
        timeoutMs: Math.max(1, end - clock.now()),
      });
      code = answer.refused?.status ?? 101;
    } catch (error) {
      signal.throwIfAborted();
      throw unanswered(error, what, description, clean, signal);
    } finally {
      report(ROUTE, "GET", code, (clock.now() - start) / 1_000);
    }
    if (answer.refused === undefined) {
      budget.passed(path);
      return terminalOf(answer.socket, reconnect, clean);
    }
    const { refused } = answer;
    if (refused.status === 429) budget.limited(path, retryAfterMs(refused.headers), !isFromCoder(refused));
    else budget.passed(path);
    // A token that is no good is told so by this call, with all that follows from it.
    if (refused.status === 404 && isFromCoder(refused)) {
      await call({ method: "GET", route: "/api/v2/users/{user}", parameters: { user: "me" } }, { signal });
    }
    throw refusedTerminal(refused, { ...description, path, address: transport.address, clean });
  }

  function notSent(
    why: string,
    facts: { kind: CoderErrorKind; reason: CoderErrorReason },
  ): CoderNotSentError {
    const message = `opening a terminal at ${transport.address} was not tried: ${why}`;
    return new CoderNotSentError(message, { ...facts, call: description });
  }

  return { open };
}

/** Coder's own words here are pages for people; what they mean follows from the status. */
function refusedTerminal(answer: TransportAnswer, call: RefusedCall): Error {
  const { status } = answer;
  if (!isFromCoder(answer) || status === 429) return refusal(answer, call);
  const verdict = verdictOf(answer);
  if (verdict === undefined) return refusal(answer, call);
  const { words, ...facts } = verdict;
  const advice = adviceFor(facts);
  const message = `${call.method} ${call.path} at ${call.address}: Coder answered ${status}: ${words}`;
  return new CoderApiError(advice === "" ? message : `${message}. ${advice}`, {
    ...facts,
    call: { method: call.method, route: call.route },
    status,
  });
}

function verdictOf(
  { status, body }: TransportAnswer,
): { kind: CoderErrorKind; reason?: CoderErrorReason; words: string } | undefined {
  if (status === 404 && !/Route not found/i.test(body)) {
    const words = "there is no such agent (its id changes with every start of its workspace), " +
      "or this user may not open terminals in its workspace";
    return { kind: "notFound", words };
  }
  if (status === 502 || status === 503 || status === 504) {
    return { kind: "unavailable", reason: "agentAway", words: "the workspace's agent is not connected" };
  }
  if (status === 426 || /failed to accept websocket/i.test(body)) {
    return { kind: "unavailable", reason: "noWebSocket", words: "the request came without its upgrade" };
  }
  // We always send one. The service proxy of API servers loses the queries of WebSockets (kubernetes/kubernetes#77142).
  if (status === 400 && /reconnect/.test(body)) {
    const words = "the request came without its query, which the API server's service proxy takes away; " +
      "Coder must be reached directly (--coder-access=direct)";
    return { kind: "unsupported", reason: "noWebSocket", words };
  }
  return undefined;
}

function refusal(answer: TransportAnswer, call: RefusedCall): Error {
  try {
    answerOf(answer, undefined, call);
  } catch (error) {
    if (error instanceof Error) return error;
  }
  return refusalOf({ ...answer, headers: {} }, call);
}

function terminalOf(socket: Socket, reconnect: string, clean: (text: string) => string): Terminal {
  let last: Promise<unknown> = Promise.resolve();

  async function typeAll(text: string, signal: AbortSignal): Promise<void> {
    for (const message of messagesOf(text)) {
      signal.throwIfAborted();
      await orAborted(socket.send(message), signal);
    }
  }

  return {
    reconnect,
    output: socket.messages,
    closed: socket.closed.then(({ code, reason }) => ({
      code,
      reason: clean(reason).slice(0, LONGEST_REASON),
    })),
    type(text, signal) {
      // One after the other: what two type at once must not be mixed.
      const typed = last.then(() => typeAll(text, signal));
      last = typed.catch(() => {});
      return typed;
    },
    close: () => socket.close(),
  };
}

/** The messages that type a text, none larger than Coder's clients send. */
export function* messagesOf(text: string): Generator<Uint8Array> {
  for (let start = 0; start < text.length;) {
    let end = Math.min(text.length, start + LARGEST_MESSAGE - 100);
    let message: Uint8Array;
    do {
      // A surrogate pair is one character: its halves are none.
      if (end < text.length && end - start > 1 && isHigh(text.charCodeAt(end - 1))) end -= 1;
      message = Buffer.from(JSON.stringify({ data: text.slice(start, end) }));
      if (message.byteLength <= LARGEST_MESSAGE) break;
      end = start + Math.ceil((end - start) / 2);
    } while (end - start > 1);
    yield message;
    start = end;
  }
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
