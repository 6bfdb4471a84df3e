/** The MCP port: what it serves where, whom it lets in, and how it ends. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { addressText, type BindAddress } from "../../telemetry/bind_address.ts";
import { type Clock, settlesWithin, systemClock } from "../../telemetry/clock.ts";
import { createServing, type Serving, type ServingOptions } from "../protocol/serving.ts";
import type { Admission, Admit, ServingWorld, Visitor } from "../surface.ts";
import { toolError, type ToolErrorCode } from "../errors.ts";
import { startCallTime } from "../protocol/call_time.ts";
import { answerJson, answerText, refuse, RPC } from "./answers.ts";
import { createGuard, type Guard, isLoopbackAddress, pageHeaders, PREFLIGHT_HEADERS } from "./guard.ts";
import { HttpCall } from "./http_call.ts";
import { LegacySse, MESSAGES_PATH, SSE_PATH } from "./legacy_sse.ts";
import { Listener, type TlsSource } from "./listener.ts";
import { Modern } from "./modern.ts";
import type { PageDoor, Pages } from "./pages.ts";
import { accepts, handlePost, type PostOptions } from "./post.ts";
import { RateLimit } from "./rate.ts";
import { SessionEra } from "./session_era.ts";
import { Sessions } from "./sessions.ts";
import { EventStream, KeepAlive } from "./sse.ts";
import { STREAM_LIMITS, type StreamLimits, Streams } from "./streams.ts";

export interface McpEndpointOptions extends ServingOptions {
  readonly world: ServingWorld;
  /** Port 0 is any free one. */
  readonly address: BindAddress;
  readonly admit: Admit;
  /** Absent: plain HTTP. */
  readonly tls?: TlsSource | undefined;
  /** What `/readyz`, and `/ready`, say. @default ready */
  readonly ready?: (() => { readonly ready: boolean; readonly text: string }) | undefined;
  /** Of RFC 9728; absent: there is none. */
  readonly resourceMetadata?: Readonly<Record<string, unknown>> | undefined;
  /** JSON documents at paths beside `/mcp`, for whom is let in: what is thrown as `ToolError` is told. @default none */
  readonly documents?: ReadonlyMap<string, (visitor: Visitor, signal: AbortSignal) => Promise<unknown>>;
  /** For people, in a browser. @default none */
  readonly pages?: Pages | undefined;
  readonly allowedHosts?: readonly string[];
  readonly allowedOrigins?: readonly string[];
  /** Requests a second of one caller in the long run; 0: no limit. @default {50} */
  readonly rate?: number;
  /** Requests of one caller at once. @default {100} */
  readonly burst?: number;
  /** @default {4_194_304} */
  readonly maxBodyBytes?: number;
  readonly streamLimits?: Partial<StreamLimits>;
  /** How long the head of a request may take, and then its body, in milliseconds. @default {10_000} */
  readonly headMs?: number;
  /** How long admission may take, in milliseconds. @default {10_000} */
  readonly admitMs?: number;
  /** How long what is held for a session that does not call is kept, in milliseconds. @default {900_000} */
  readonly sessionIdleMs?: number;
  /** How often streams say that they are there, in milliseconds. @default {15_000} */
  readonly keepAliveMs?: number;
  /** Questions of the session era while a call waits: with one replica alone. @default {false} */
  readonly legacyElicitation?: boolean;
  /** The transport of 2024 as well, at `/sse`: every request of a client must reach one replica. @default {false} */
  readonly legacySse?: boolean;
  readonly clock?: Clock;
}

export interface McpEndpoint {
  /** Begins to listen. @throws where that fails */
  listen(): Promise<BindAddress>;
  /** Ends in order: streams at once, calls in hand within `graceMs`. @default graceMs {20_000} */
  drain(graceMs?: number): Promise<void>;
  /** Ends at once. */
  close(): Promise<void>;
  readonly streams: number;
  readonly sessions: number;
}

/** Makes one; nothing is listened to yet. */
export function createMcpEndpoint(options: McpEndpointOptions): McpEndpoint {
  return new HttpEndpoint(options);
}

const METHODS = ["GET", "POST", "DELETE"];
const METADATA_PATHS = [
  "/.well-known/oauth-protected-resource",
  "/.well-known/oauth-protected-resource/mcp",
];

/** Of refusals of documents. */
const STATUS: Readonly<Partial<Record<ToolErrorCode, number>>> = {
  forbidden: 403,
  not_found: 404,
  timeout: 504,
  unavailable: 503,
};

class HttpEndpoint implements McpEndpoint {
  readonly #options: McpEndpointOptions;
  readonly #serving: Serving;
  readonly #guard: Guard;
  readonly #rate: RateLimit;
  readonly #streams: Streams;
  readonly #sessions: Sessions;
  readonly #keepAlive: KeepAlive;
  readonly #modern: Modern;
  readonly #sessionEra: SessionEra;
  readonly #post: PostOptions;
  readonly #legacySse: LegacySse | undefined;
  readonly #clock: Clock;
  readonly #inHand = new Set<HttpCall>();
  #listener: Listener | undefined;
  #isDraining = false;

  constructor(options: McpEndpointOptions) {
    this.#options = options;
    const clock = this.#clock = options.clock ?? systemClock;
    const { world, address, allowedHosts = [], allowedOrigins = [] } = options;
    const serving = this.#serving = createServing(world, options);
    const isLoopback = isLoopbackAddress(address.hostname);
    this.#guard = createGuard({ isLoopback, allowedHosts, allowedOrigins });
    const { rate = 50, burst = 100, headMs = 10_000, maxBodyBytes = 4 * 1024 * 1024 } = options;
    this.#rate = new RateLimit({ rate, burst, now: () => clock.now() });
    this.#streams = new Streams({ ...STREAM_LIMITS, ...options.streamLimits }, serving.metrics.streams);
    this.#sessions = new Sessions({
      keys: world.keys,
      clock,
      now: serving.now,
      gauge: serving.metrics.sessions,
      ...(options.sessionIdleMs === undefined ? {} : { idleMs: options.sessionIdleMs }),
    });
    this.#keepAlive = new KeepAlive(options.keepAliveMs);
    this.#modern = new Modern(serving, this.#streams);
    this.#sessionEra = new SessionEra({
      serving,
      sessions: this.#sessions,
      keepAlive: this.#keepAlive,
      asksWhileWaiting: options.legacyElicitation === true,
    });
    this.#legacySse = options.legacySse !== true ? undefined : new LegacySse({
      serving,
      streams: this.#streams,
      keepAlive: this.#keepAlive,
      maxBodyBytes,
      bodyMs: headMs,
    });
    this.#post = {
      serving,
      modern: this.#modern,
      sessionEra: this.#sessionEra,
      maxBodyBytes,
      bodyMs: headMs,
      takeMore: (caller, cost) => cost <= 0 ? 0 : this.#rate.take(caller, cost),
    };
  }

  get streams(): number {
    return this.#streams.size;
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  async listen(): Promise<BindAddress> {
    const { tls, address, headMs = 10_000 } = this.#options;
    const { log } = this.#serving;
    this.#listener = new Listener({
      tls,
      headMs,
      idleMs: 120_000,
      log,
      serve: (incoming, response) => this.#serve(incoming, response),
    });
    const listening = await this.#listener.listen(address);
    log.info("listening", { server: "MCP", address: addressText(listening) });
    return listening;
  }

  #serve(incoming: IncomingMessage, response: ServerResponse): void {
    const call = new HttpCall(incoming, response);
    this.#inHand.add(call);
    if (this.#isDraining) call.extraHeaders["connection"] = "close";
    response.once("close", () => this.#inHand.delete(call));
    this.#route(call).catch((error) => {
      this.#serving.log.error("a request could not be answered", { path: call.path, error });
      if (response.headersSent) response.destroy();
      else refuse(call, 500, "this is a mistake in coder-k8s: its log has more", { code: RPC.internal });
    });
  }

  async #route(call: HttpCall): Promise<void> {
    const { resourceMetadata, ready } = this.#options;
    const { path } = call;
    if (path === "/mcp") return await this.#letIn(call, METHODS, (visitor) => this.#mcp(call, visitor));
    const sse = this.#legacySse;
    if (path === SSE_PATH && sse !== undefined) {
      return await this.#letIn(call, ["GET"], (visitor) => sse.open(call, visitor));
    }
    if (path === MESSAGES_PATH && sse !== undefined) {
      return await this.#letIn(call, ["POST"], (visitor) => sse.message(call, visitor));
    }
    if (path === "/healthz") return answerText(call, 200, "ok");
    if (path === "/readyz" || path === "/ready") {
      const answer = this.#isDraining
        ? { ready: false, text: "it is ending" }
        : ready?.() ?? { ready: true, text: "ok" };
      return answerText(call, answer.ready ? 200 : 503, answer.text);
    }
    if (METADATA_PATHS.includes(path) && resourceMetadata !== undefined) {
      const headers = { "content-type": "application/json", "access-control-allow-origin": "*" };
      return call.answer(200, JSON.stringify(resourceMetadata), headers);
    }
    const document = this.#options.documents?.get(path);
    if (document !== undefined) {
      return await this.#letIn(call, ["GET"], (visitor) => this.#document(call, visitor, document));
    }
    const { pages } = this.#options;
    if (pages !== undefined && (path === pages.prefix || path.startsWith(`${pages.prefix}/`))) {
      return await this.#pages(call, pages);
    }
    answerText(call, 404, "There is nothing here: MCP is at /mcp.\n");
  }

  /** Pages say for themselves who has to be let in for what. */
  async #pages(call: HttpCall, pages: Pages): Promise<void> {
    if (!this.#isFrom(call)) return;
    if (call.method !== "GET" && call.method !== "HEAD") {
      return refuse(call, 405, "method not allowed", { headers: { allow: "GET, HEAD" } });
    }
    if (this.#isDraining) return this.#refuseEnding(call);
    const visitors: Visitor[] = [];
    const take = (visitor: Visitor) => {
      visitors.push(visitor);
      // Something may still be done with the one before.
      if (visitors.length > 2) visitors.shift()?.close?.();
    };
    const door: PageDoor = {
      admit: async () => {
        const visitor = await this.#admit(call);
        if (visitor === undefined) return undefined;
        take(visitor);
        return this.#isWithinRate(call, visitor) ? visitor : undefined;
      },
      again: async (signal) => {
        const admission = await this.#options.admit(call, signal);
        if ("visitor" in admission) take(admission.visitor);
        return admission;
      },
    };
    try {
      await pages.handle(call, door);
    } finally {
      for (const visitor of visitors) visitor.close?.();
    }
  }

  /** Whether a request is for this server, and from a page that may ask; it is refused otherwise. */
  #isFrom(call: HttpCall): boolean {
    const objection = this.#guard(call.header("host"), call.header("origin"));
    if (objection === undefined) return true;
    this.#serving.metrics.refusals.inc({ reason: objection });
    refuse(call, 403, `${objection === "host" ? "Host" : "Origin"} is not allowed here`);
    return false;
  }

  #isWithinRate(call: HttpCall, visitor: Visitor): boolean {
    const seconds = this.#rate.take(visitor.caller.id);
    if (seconds <= 0) return true;
    this.#serving.metrics.refusals.inc({ reason: "rate" });
    refuse(call, 429, "too many requests", { headers: { "retry-after": String(seconds) } });
    return false;
  }

  #refuseEnding(call: HttpCall): void {
    refuse(call, 503, "it is ending: try again", { headers: { "retry-after": "1" } });
  }

  async #letIn(
    call: HttpCall,
    methods: readonly string[],
    serve: (visitor: Visitor) => void | Promise<void>,
  ): Promise<void> {
    if (!this.#isFrom(call)) return;
    const page = pageHeaders(call.header("origin"), this.#options.allowedOrigins ?? []);
    if (page !== undefined) {
      Object.assign(call.extraHeaders, page);
      if (call.method === "OPTIONS") return call.answer(204, undefined, PREFLIGHT_HEADERS);
    }
    if (!methods.includes(call.method)) {
      return refuse(call, 405, "method not allowed", { headers: { allow: methods.join(", ") } });
    }
    if (this.#isDraining) return this.#refuseEnding(call);
    const visitor = await this.#admit(call);
    if (visitor === undefined) return;
    try {
      if (this.#isWithinRate(call, visitor)) await serve(visitor);
    } finally {
      visitor.close?.();
    }
  }

  #mcp(call: HttpCall, visitor: Visitor): Promise<void> | void {
    if (call.method === "POST") return handlePost(this.#post, call, visitor);
    if (call.method === "GET") return this.#get(call, visitor);
    return this.#delete(call, visitor);
  }

  async #document(
    call: HttpCall,
    visitor: Visitor,
    make: (visitor: Visitor, signal: AbortSignal) => Promise<unknown>,
  ): Promise<void> {
    const time = startCallTime(this.#serving.deadlineMs);
    const forget = call.onGone(() => time.leave());
    try {
      answerJson(call, `${JSON.stringify(await time.within(make(visitor, time.signal)), undefined, 2)}\n`);
    } catch (error) {
      if (time.ended === "gone") return;
      const shown = toolError(error);
      if (shown.code === "internal") throw error;
      refuse(call, STATUS[shown.code] ?? 400, this.#serving.redaction.text(shown.message));
    } finally {
      forget();
      time.done();
    }
  }

  async #admit(call: HttpCall): Promise<Visitor | undefined> {
    const abort = new AbortController();
    const late = () => abort.abort(new DOMException("Authentication took too long.", "TimeoutError"));
    const timer = setTimeout(late, this.#options.admitMs ?? 10_000);
    const forget = call.onGone(() => abort.abort(new DOMException("The client is gone.", "AbortError")));
    let admission: Admission;
    try {
      admission = await this.#options.admit(call, abort.signal);
    } catch (error) {
      if (!abort.signal.aborted) throw error;
      refuse(call, 503, "it could not be found out who is calling: try again");
      return undefined;
    } finally {
      clearTimeout(timer);
      forget();
    }
    if ("visitor" in admission) return admission.visitor;
    const { status, message, challenge, retryAfterSeconds, closeConnection } = admission.refusal;
    this.#serving.metrics.refusals.inc({ reason: "identity" });
    refuse(call, status, message, {
      headers: {
        ...(challenge === undefined ? {} : { "www-authenticate": challenge }),
        ...(retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) }),
        ...(closeConnection ? { connection: "close" } : {}),
      },
    });
    return undefined;
  }

  /** A stream that says nothing but that it is there: nothing changes here that clients would have to be told. */
  #get(call: HttpCall, visitor: Visitor): void {
    if (!accepts(call.header("accept"), "text/event-stream")) {
      return refuse(call, 406, "Accept must name text/event-stream");
    }
    const session = this.#sessionEra.sessionOf(call, visitor);
    if (session === undefined) return;
    if (call.header("last-event-id") !== undefined) {
      return refuse(call, 400, "streams cannot be resumed here");
    }
    const caller = visitor.caller.id;
    if (!this.#streams.hasRoom(caller)) {
      this.#serving.metrics.refusals.inc({ reason: "streams" });
      return refuse(call, 503, "too many streams are open", { headers: { "retry-after": "10" } });
    }
    const stream = new EventStream(call, this.#keepAlive);
    stream.onEnd(this.#streams.add(caller, stream));
    session.streams.add(stream);
    stream.onEnd(() => session.streams.delete(stream));
  }

  #delete(call: HttpCall, visitor: Visitor): void {
    const session = this.#sessionEra.sessionOf(call, visitor);
    if (session === undefined) return;
    this.#sessions.end(session);
    call.answer(204, undefined);
  }

  async drain(graceMs = 20_000): Promise<void> {
    this.#isDraining = true;
    const stopped = this.#listener?.stop() ?? Promise.resolve();
    this.#options.pages?.close();
    // They are told so, and have ended by themselves when all that is open is cut off.
    await this.#modern.endSubscriptions();
    this.#streams.endAll();
    this.#sessions.close();
    if (!await settlesWithin(this.#whenIdle(stopped), graceMs, this.#clock)) {
      this.#serving.log.warn("calls in hand did not end in time", { calls: this.#inHand.size, graceMs });
    }
    await this.#modern.close();
    this.#listener?.cut();
    await stopped;
  }

  /** Connections that are kept alive end as soon as nothing is in hand on them. */
  async #whenIdle(stopped: Promise<void>): Promise<void> {
    while (this.#inHand.size > 0) {
      const [one] = this.#inHand;
      await new Promise<void>((resolve) => one!.response.once("close", () => resolve()));
      this.#listener?.closeIdle();
    }
    void stopped;
  }

  async close(): Promise<void> {
    await this.drain(0);
  }
}
