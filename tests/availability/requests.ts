/**
 * Many programs that read by client-go, played by one: over connections that stay open, and with client-go's own
 * retries, which are for connections that broke and for answers that say when to come again.
 */
import { Agent, request } from "node:https";
import { sleep } from "../cluster/mod.ts";
import { BROKE_OFF, type Deaths } from "./deaths.ts";
import type { Front } from "./front.ts";

export interface RequestsReport {
  readonly requests: number;
  /** Sent again by client-go's rules, by reason. */
  readonly retries: ReadonlyMap<string, number>;
  /** Attempts that never came to an API server: there was none. */
  readonly unreached: number;
  /** Answers that an API server cut off half-way when it died; client-go says "please retry", and so it was done. */
  readonly cut: number;
  /** Asked of a replica that was killed before it had answered; begun again, as a person or a program would. */
  readonly orphaned: number;
  readonly failed: readonly string[];
  readonly longestMs: number;
}

/** Disposing of it waits for the last answers. */
export interface Requests extends AsyncDisposable {
  readonly report: RequestsReport;
}

export interface RequestsOptions {
  /** Of the API server, on 127.0.0.1. */
  readonly port: number;
  readonly caPem: string;
  readonly token: string;
  /** Each is asked for by so many readers, one request after the other. */
  readonly paths: readonly string[];
  readonly readersEach: number;
  /** In front of the API server: it knows when that was away. */
  readonly front: Pick<Front, "outagesSoFar" | "outages">;
  readonly deaths: Pick<Deaths, "met">;
  /** Why an answer is not what it has to be; undefined where it is. */
  readonly wrong: (path: string, body: string) => string | undefined;
  /** Between two requests of one reader, in milliseconds. @default {50} */
  readonly pauseMs?: number;
}

/** As often as client-go tries again. */
const RETRIES = 10;
const TIMEOUT_MS = 60_000;
const NEVER_REACHED = /before secure TLS connection was established/;

/** The head of an answer has come, and not all of its body. */
export class CutOff extends Error {}

export interface Answer {
  readonly status: number;
  /** Seconds. */
  readonly retryAfter: number | undefined;
  readonly body: string;
}

/** What client-go does with an answer, or with what came instead: seconds to wait before it asks again, or undefined. */
export function retryAfter(result: Answer | Error): number | undefined {
  if (result instanceof Error) {
    const code = (result as Error & { code?: string }).code ?? "";
    return code === "ECONNRESET" || /socket hang up|EOF|aborted/.test(result.message) ? 1 : undefined;
  }
  const { status, retryAfter } = result;
  return status === 429 || status >= 500 ? retryAfter : undefined;
}

export function startRequests(options: RequestsOptions): Requests {
  const { paths, readersEach, wrong, pauseMs = 50 } = options;
  const agent = new Agent({ keepAlive: true, ca: options.caPem });
  const stop = new AbortController();
  const failed: string[] = [];
  const retries = new Map<string, number>();
  let requests = 0;
  let cut = 0;
  let orphaned = 0;
  let unreached = 0;
  let longestMs = 0;

  async function one(path: string): Promise<void> {
    const began = performance.now();
    requests++;
    for (let attempt = 0;; attempt++) {
      const outages = options.front.outagesSoFar;
      const asked = performance.now();
      const result = await ask(options, agent, path).catch((error: Error) => error);
      const isGood = !(result instanceof Error) && result.status === 200;
      if (isGood) {
        const why = wrong(path, result.body);
        if (why !== undefined) failed.push(`${path}: ${why}`);
        break;
      }
      const said = result instanceof Error ? result.message : `${result.status} ${result.body.slice(0, 200)}`;
      if (result instanceof CutOff && await options.front.outages() > outages) {
        cut++;
        continue;
      }
      if ((result instanceof CutOff || BROKE_OFF.test(said)) && options.deaths.met(asked)) {
        orphaned++;
        continue;
      }
      if (result instanceof Error && NEVER_REACHED.test(result.message)) {
        unreached++;
        attempt--;
        await sleep(1_000);
        continue;
      }
      const wait = attempt < RETRIES ? retryAfter(result) : undefined;
      if (wait === undefined) {
        failed.push(`${new Date().toISOString()} ${path}: ${said}`);
        break;
      }
      const reason = result instanceof Error ? "connection broken" : `status ${result.status}`;
      retries.set(reason, (retries.get(reason) ?? 0) + 1);
      await sleep(wait * 1_000);
    }
    longestMs = Math.max(longestMs, performance.now() - began);
  }

  const running = paths.flatMap((path) =>
    Array.from({ length: readersEach }, async () => {
      while (!stop.signal.aborted) {
        await one(path);
        await sleep(pauseMs, stop.signal).catch(() => {});
      }
    })
  );
  return {
    get report() {
      return { requests, retries, unreached, cut, orphaned, failed, longestMs };
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new Error("enough was read"));
      await Promise.all(running);
      agent.destroy();
    },
  };
}

function ask({ port, token }: RequestsOptions, agent: Agent, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, accept: "application/json" };
    const sent = request(
      { host: "127.0.0.1", port, path, agent, headers, timeout: TIMEOUT_MS },
      (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => body += chunk);
        response.once("error", (cause) => reject(new CutOff("the answer was cut off", { cause })));
        response.once("aborted", () => reject(new CutOff("the answer was cut off")));
        response.once("end", () => {
          const seconds = Number(response.headers["retry-after"]);
          resolve({
            status: response.statusCode ?? 0,
            retryAfter: Number.isFinite(seconds) ? seconds : undefined,
            body,
          });
        });
      },
    );
    sent.once("timeout", () => sent.destroy(new Error(`no answer within ${TIMEOUT_MS / 1_000} s`)));
    sent.once("error", reject);
    sent.end();
  });
}
