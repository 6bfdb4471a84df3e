/** What a server of ours tells at `/ui/api/`. */
import { type Clock, sleep, systemClock } from "../../telemetry/clock.ts";
import type { DiagnosisAnswer, LogLine } from "../types.ts";
import { jsonOf, readDiagnosis, readEvent, readLine, readRefusal } from "./foreign.ts";
import { type Asked, type AskedLog, RefusedError, type Told, type TopSource } from "./source.ts";
import { EventParser, type SentEvent } from "./sse.ts";

export interface ServerSourceOptions {
  /** As people write it: with `/ui` or `/mcp` at its end, or without. */
  readonly url: string;
  /** Asked for each call: it may be another by then. Undefined: there is none. */
  readonly token: () => Promise<string | undefined>;
  /** As the global one. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** How long a server may take to answer at all, and to say nothing in a stream, in milliseconds. */
const ANSWER_MS = 30_000;
const SILENT_MS = 60_000;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;
const LONGEST_BODY = 2 ** 20;

/** Makes it; nothing is asked yet. */
export function serverSource(options: ServerSourceOptions): TopSource {
  const { token, clock = systemClock, random = Math.random } = options;
  const call = options.fetch ?? ((url, init) => fetch(url, init));
  const base = baseOf(options.url);

  /** @throws {RefusedError} where it is refused for good, another error where it may be answered later */
  async function ask(path: string, accept: string, signal: AbortSignal): Promise<Response> {
    const address = `${base}/ui/api/${path}`;
    const given = await token();
    const headers = new Headers({ accept });
    if (given !== undefined) headers.set("authorization", `Bearer ${given}`);
    const late = new AbortController();
    const cancel = clock.setTimer(() => late.abort(), ANSWER_MS);
    let response: Response;
    try {
      const either = AbortSignal.any([signal, late.signal]);
      response = await call(address, { headers, redirect: "manual", signal: either });
    } catch (error) {
      signal.throwIfAborted();
      if (late.signal.aborted) throw new Error(`${base} did not answer within ${ANSWER_MS / 1_000} s`);
      throw new Error(`${base} cannot be reached: ${reasonOf(error)}`, { cause: error });
    } finally {
      cancel();
    }
    if (response.status === 200) return response;
    const message = `${address.replace(/\?.*$/, "")} answers ${response.status}${
      said(await bodyOf(response, clock, signal))
    }`;
    if (response.status === 429 || response.status >= 500) throw new Error(message);
    throw new RefusedError(message + hintOf(response.status));
  }

  async function* events(response: Response, signal: AbortSignal): AsyncGenerator<SentEvent, void> {
    const parser = new EventParser();
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    const onAbort = () => void reader.cancel().catch(() => {});
    signal.addEventListener("abort", onAbort, { once: true });
    let isSilent = false;
    try {
      while (!signal.aborted) {
        const cancel = clock.setTimer(() => {
          isSilent = true;
          onAbort();
        }, SILENT_MS);
        const { done, value } = await reader.read().finally(cancel);
        if (isSilent) throw new Error(`${base} has said nothing for ${SILENT_MS / 1_000} s`);
        if (done) return;
        yield* parser.take(value);
      }
    } catch (error) {
      if (signal.aborted) return;
      throw new Error(`the connection to ${base} broke off: ${reasonOf(error)}`, { cause: error });
    } finally {
      signal.removeEventListener("abort", onAbort);
      onAbort();
    }
  }

  return {
    name: base.replace(/^https?:\/\//, ""),
    async watch(tell: (told: Told) => void, signal) {
      let waitMs = FIRST_RETRY_MS;
      let isKnown = false;
      while (!signal.aborted) {
        let why = `${base} has ended it`;
        try {
          const response = await ask("events", "text/event-stream", signal);
          for await (const { name, data } of events(response, signal)) {
            const event = readEvent(name, data);
            if (event === undefined) continue;
            if (event.kind === "hello") {
              isKnown = true;
              waitMs = FIRST_RETRY_MS;
              tell({ connection: "" });
            }
            tell({ event });
            if (event.kind === "end") why = event.message;
          }
        } catch (error) {
          if (signal.aborted) return;
          // Who was let in once may be so again: a token is renewed in its file, say.
          if (error instanceof RefusedError && !isKnown) throw error;
          why = error instanceof Error ? error.message : String(error);
        }
        if (signal.aborted) return;
        tell({ connection: why });
        await sleep(waitMs * (0.5 + random() / 2), signal, clock);
        waitMs = Math.min(2 * waitMs, LONGEST_RETRY_MS);
      }
    },
    async diagnose({ kind, namespace, name }: Asked, signal): Promise<DiagnosisAnswer> {
      const response = await ask(
        `diagnosis?${new URLSearchParams({ kind, namespace, name })}`,
        "application/json",
        signal,
      );
      const answer = readDiagnosis(await bodyOf(response, clock, signal));
      if (answer === undefined) throw new Error(`${base} answers, and not as a server of this kind does`);
      return answer;
    },
    async *log({ namespace, workspace, build }: AskedLog, signal): AsyncGenerator<readonly LogLine[], void> {
      const query = new URLSearchParams({
        namespace,
        workspace,
        ...(build === undefined ? {} : { build: String(build) }),
      });
      const response = await ask(`log?${query}`, "text/event-stream", signal);
      for await (const { name, data } of events(response, signal)) {
        if (name === "line") yield [readLine(data)];
        if (name !== "end") continue;
        const message = jsonOf(data)?.["message"];
        if (typeof message === "string" && message !== "") throw new Error(message);
        return;
      }
    },
    close() {},
  };
}

/** `https://host/prefix`, whatever of ours was written behind it. */
export function baseOf(url: string): string {
  return url.replace(/[?#].*$/, "").replace(/\/+$/, "").replace(/\/(?:ui|mcp)$/, "");
}

/** What has come of it when it ends, is too long, takes too long, or `signal` aborts. */
async function bodyOf(response: Response, clock: Clock, signal: AbortSignal): Promise<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (reader === undefined) return "";
  const stop = () => void reader.cancel().catch(() => {});
  const cancel = clock.setTimer(stop, ANSWER_MS);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  let text = "";
  try {
    while (text.length <= LONGEST_BODY) {
      const { done, value } = await reader.read();
      if (done) break;
      text += value;
    }
  } catch {
    // What has come of it will do.
  } finally {
    cancel();
    signal.removeEventListener("abort", stop);
    stop();
  }
  return text;
}

function said(body: string): string {
  const message = readRefusal(body);
  return message === "" ? "" : `: ${message}`;
}

function hintOf(status: number): string {
  if (status === 401) return "; give --token-file with a token that it takes";
  if (status === 404) return "; is --server right, and its page turned on (--mcp-ui, --ui)?";
  if (status >= 300 && status < 400) return "; it sends elsewhere: give the address that it has by itself";
  return "";
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
