/** One request on its way through a fault rig, and what the rules do to it. */
import type { IncomingMessage, ServerResponse } from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import {
  type FaultAction,
  type FaultRule,
  matches,
  type SeenRequest,
  type WatchEvent,
} from "./fault_rules.ts";
import { sleep } from "./wait.ts";

/** Headers that belong to one connection, not to the message. */
const HOP_BY_HOP = new Set(["connection", "keep-alive", "transfer-encoding", "proxy-connection", "upgrade"]);
/** How much of a watch may pile up here while it is held back, in bytes. */
const MAX_HELD = 1024 * 1024;

/** Where requests go. */
export interface Upstream {
  host: string;
  port: number;
  caPem: string;
  agent: https.Agent;
}

/** One request and its answer. */
export class Exchange {
  #gone = new AbortController();
  #upstream: ReturnType<typeof https.request> | undefined;
  #counted = new WeakSet<FaultRule>();

  constructor(
    readonly request: SeenRequest,
    private readonly incoming: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly rules: () => readonly FaultRule[],
  ) {
    response.on("close", () => this.#end());
    incoming.on("error", () => this.#end());
  }

  /** Lets the rules have their way, then forwards. Ends when the answer is complete or the connection is gone. */
  async run(upstream: Upstream): Promise<void> {
    try {
      let loseAnswer = false;
      for (const rule of this.rules()) {
        if (!matches(rule.match, this.request)) continue;
        if (await this.#before(rule)) return;
        loseAnswer ||= rule.action.type === "loseAnswer" && this.#counted.has(rule);
      }
      await this.#forward(upstream, loseAnswer);
    } catch (error) {
      // Broken on either side, or cut by us: the client sees a broken connection, as from a server that dies.
      if (!this.#gone.signal.aborted) this.cut();
      if (!(error instanceof Error)) throw error;
    }
  }

  /** Resets the connection. */
  cut(): void {
    const socket = this.incoming.socket as Socket | null;
    this.#end();
    if (typeof socket?.resetAndDestroy === "function") socket.resetAndDestroy();
    else socket?.destroy();
  }

  /** Ends an open watch with an ERROR event that says 410. */
  expire(): void {
    this.response.write(EXPIRED_EVENT);
    this.response.end();
    this.#end();
  }

  /** True when the rule has ended the exchange. */
  async #before(rule: FaultRule): Promise<boolean> {
    const { action } = rule;
    if (action.type === "delayEvents" || action.type === "dropEvents") return false;
    if (action.type === "expireWatch" && this.request.verb !== "watch") return false;
    if (!rule.take()) return false;
    this.#counted.add(rule);
    switch (action.type) {
      case "freeze":
        await this.#until(rule.removed);
        return false;
      case "delay":
        await sleep(action.ms, this.#gone.signal);
        return false;
      case "cut":
        this.cut();
        return true;
      case "answer":
        this.#answer(action);
        return true;
      case "expireWatch":
        if (action.as === "status") {
          this.#answer({ type: "answer", status: 410, message: EXPIRED_MESSAGE });
        } else {
          this.request.status = 200;
          this.response.writeHead(200, { "content-type": "application/json" });
          this.response.end(EXPIRED_EVENT);
        }
        return true;
      case "loseAnswer":
        return false;
    }
  }

  async #forward(upstream: Upstream, loseAnswer: boolean): Promise<void> {
    const answer = await this.#send(upstream);
    const isJsonWatch = this.request.verb === "watch" &&
      String(answer.headers["content-type"]).includes("json");
    if (!loseAnswer) {
      await this.#thaw();
      this.request.status = answer.statusCode ?? 0;
      if (isJsonWatch) {
        this.response.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
        this.response.flushHeaders();
      }
    }
    const queue = new HoldingQueue(answer, this.#gone.signal);
    const lines = isJsonWatch ? new LineSplitter() : undefined;
    const whole: Uint8Array[] = [];
    for (let chunk = await queue.next(); chunk !== undefined; chunk = await queue.next()) {
      // A lost watch is lost with its first event; any other answer when it is complete.
      if (loseAnswer && lines) break;
      if (loseAnswer) continue;
      if (lines === undefined) {
        whole.push(chunk.bytes);
        continue;
      }
      for (const piece of lines.push(chunk.bytes)) {
        if (!(await this.#eventPasses(piece, chunk.at))) continue;
        await this.#thaw();
        await this.#write(piece);
      }
    }
    // Complete: its connection is back in the pool and no longer ours to destroy.
    if (answer.complete) this.#upstream = undefined;
    if (loseAnswer) return this.cut();
    await this.#thaw();
    if (isJsonWatch) {
      this.response.end();
      return;
    }
    // In one piece. Seen with Deno 2.9.4: where `end` comes later than a body of known length, the quick answer to the
    // next request on the connection can be lost.
    this.response.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
    this.response.end(concat(whole));
  }

  async #send({ host, port, caPem, agent }: Upstream): Promise<IncomingMessage> {
    const { method, url, headers } = this.incoming;
    const body = await readBody(this.incoming);
    return await new Promise((resolve, reject) => {
      const forwarded = https.request({
        host,
        port,
        ca: caPem,
        agent,
        method: method ?? "GET",
        path: url ?? "/",
        headers: {
          ...endToEnd(headers),
          ...(body.length > 0 ? { "content-length": String(body.length) } : {}),
        },
      });
      this.#upstream = forwarded;
      forwarded.on("response", resolve);
      forwarded.on("error", reject);
      forwarded.end(body);
    });
  }

  /** Whether a line of a watch goes on; waits as long as rules delay it. */
  async #eventPasses(line: Uint8Array, receivedAt: number): Promise<boolean> {
    for (const rule of this.rules()) {
      const { action } = rule;
      if (action.type !== "delayEvents" && action.type !== "dropEvents") continue;
      if (!matches(rule.match, this.request)) continue;
      if (action.type === "dropEvents") {
        if (action.which(JSON.parse(new TextDecoder().decode(line)) as WatchEvent) && rule.take()) {
          return false;
        }
      } else if (rule.take()) {
        const wait = receivedAt + action.ms - performance.now();
        if (wait > 0) await sleep(wait, this.#gone.signal);
      }
    }
    return true;
  }

  /** Waits while a freeze that matches is in force, also one that was set after the answer had begun. */
  async #thaw(): Promise<void> {
    for (const rule of this.rules()) {
      if (rule.action.type !== "freeze" || !matches(rule.match, this.request)) continue;
      if (!this.#counted.has(rule)) {
        if (!rule.take()) continue;
        this.#counted.add(rule);
      }
      await this.#until(rule.removed);
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (this.response.write(bytes)) return;
    await this.#until(new Promise((resolve) => this.response.once("drain", () => resolve())));
  }

  #answer({ status, retryAfterSeconds, message }: FaultAction & { type: "answer" }): void {
    this.request.status = status;
    this.incoming.resume();
    const retry = retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) };
    this.response.writeHead(status, { "content-type": "application/json", ...retry });
    this.response.end(JSON.stringify(failure(status, message, retryAfterSeconds)));
  }

  /** Waits for `promise`, or rejects when the exchange is gone. */
  #until(promise: Promise<void>): Promise<void> {
    const { signal } = this.#gone;
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const abort = () => reject(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      promise.then(() => {
        signal.removeEventListener("abort", abort);
        resolve();
      });
    });
  }

  #end(): void {
    this.request.open = false;
    this.#gone.abort(new Error("the connection is gone"));
    this.#upstream?.destroy();
  }
}

/**
 * The whole body, to be sent on in one piece. Seen with Deno 2.9.4: a POST that was piped into a connection kept from
 * an earlier POST never left.
 */
async function readBody(incoming: IncomingMessage): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of incoming) pieces.push(piece as Uint8Array);
  return concat(pieces);
}

/** What the upstream has sent and we have not passed on. */
class HoldingQueue {
  #chunks: { bytes: Uint8Array; at: number }[] = [];
  #held = 0;
  #ended = false;
  #error: unknown;
  #wake: (() => void) | undefined;

  constructor(private readonly source: IncomingMessage, signal: AbortSignal) {
    source.on("data", (bytes: Uint8Array) => {
      this.#chunks.push({ bytes, at: performance.now() });
      this.#held += bytes.length;
      if (this.#held > MAX_HELD) source.pause();
      this.#wake?.();
    });
    source.on("end", () => this.#finish(undefined));
    source.on("error", (error: unknown) => this.#finish(error));
    source.on("close", () => this.#finish(new Error("the API server closed the connection")));
    signal.addEventListener("abort", () => this.#finish(signal.reason), { once: true });
  }

  /** The next piece; undefined at the end. @throws when the source broke off */
  async next(): Promise<{ bytes: Uint8Array; at: number } | undefined> {
    while (true) {
      const chunk = this.#chunks.shift();
      if (chunk) {
        this.#held -= chunk.bytes.length;
        if (this.source.isPaused() && this.#held <= MAX_HELD) this.source.resume();
        return chunk;
      }
      if (this.#ended) {
        if (this.#error !== undefined) throw this.#error;
        return undefined;
      }
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  #finish(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#wake?.();
  }
}

/** Cuts a byte stream after every newline. */
export class LineSplitter {
  #rest: Uint8Array[] = [];

  /** The lines that are complete now, with their newlines. */
  push(chunk: Uint8Array): Uint8Array[] {
    const lines: Uint8Array[] = [];
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      this.#rest.push(chunk.subarray(from, end + 1));
      lines.push(concat(this.#rest.splice(0)));
      from = end + 1;
    }
    if (from < chunk.length) this.#rest.push(chunk.subarray(from));
    return lines;
  }
}

const EXPIRED_MESSAGE = "too old resource version (said by the test's fault rig)";
const EXPIRED_EVENT = `${JSON.stringify({ type: "ERROR", object: failure(410, EXPIRED_MESSAGE) })}\n`;

function failure(code: number, message: string, retryAfterSeconds?: number) {
  const reasons: Record<number, string> = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Expired",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
  };
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason: reasons[code] ?? "",
    ...(retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } }),
    code,
  };
}

function endToEnd(headers: IncomingMessage["headers"]): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !HOP_BY_HOP.has(name)) kept[name] = value;
  }
  return kept;
}

function concat(pieces: Uint8Array[]): Uint8Array {
  if (pieces.length === 1 && pieces[0]) return pieces[0];
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
