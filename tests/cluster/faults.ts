/**
 * A fault rig: a TLS-terminating HTTP/1.1 proxy in front of the API server that breaks what it is told to break.
 * Clients that prove themselves by token go through it (`serviceAccountKubeconfig({ throughFaults: true })`); a client
 * certificate cannot pass a proxy.
 */
import https from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { Exchange, type Upstream } from "./fault_exchange.ts";
import {
  type FaultAction,
  FaultRule,
  type Match,
  matches,
  type RuleOptions,
  seen,
  type SeenRequest,
  type WatchEvent,
} from "./fault_rules.ts";
import type { KeyPair } from "./pki.ts";

export { FaultRule, type Match, type RuleOptions, type SeenRequest, type WatchEvent };

/** What a rig needs. */
export interface FaultRigOptions {
  /** The API server. */
  target: { host: string; port: number; caPem: string };
  /** Gives the rig's serving certificate, for 127.0.0.1 and localhost. */
  certificate: () => Promise<KeyPair>;
}

/** How many requests are remembered. */
const MAX_SEEN = 200_000;

/** A programmable proxy. Rules take effect in the order in which they were made. */
export class FaultRig implements AsyncDisposable {
  #upstream: Upstream;
  #certificate: () => Promise<KeyPair>;
  #server: Promise<https.Server> | undefined;
  #url: string | undefined;
  #rules: FaultRule[] = [];
  #seen: SeenRequest[] = [];
  #count = 0;
  #exchanges = new Set<Exchange>();
  #sockets = new Set<Socket>();

  constructor({ target, certificate }: FaultRigOptions) {
    this.#upstream = { ...target, agent: new https.Agent({ keepAlive: true, maxSockets: Infinity }) };
    this.#certificate = certificate;
  }

  /** Starts to listen, unless it does; the URL that clients use. */
  async listen(): Promise<string> {
    this.#server ??= this.#start();
    await this.#server;
    return this.url;
  }

  /** `https://127.0.0.1:<port>`. @throws while it does not listen */
  get url(): string {
    if (this.#url === undefined) throw new Error("the fault rig does not listen yet: call listen() first");
    return this.#url;
  }

  /** Bytes stop to flow, the connection stays open: for new requests and for what is already under way. */
  freeze(match: Match = {}, options: RuleOptions = {}): FaultRule {
    return this.#add({ type: "freeze" }, match, options);
  }

  /** Requests reach the API server later. @param ms in milliseconds */
  delay(ms: number, match: Match = {}, options: RuleOptions = {}): FaultRule {
    return this.#add({ type: "delay", ms }, match, options);
  }

  /** Requests never reach the API server; their connection is reset. For what is under way: `cutOpen`. */
  cut(match: Match = {}, options: RuleOptions = {}): FaultRule {
    return this.#add({ type: "cut" }, match, options);
  }

  /** Resets the connections of requests that are under way now, watches among them; how many. */
  cutOpen(match: Match = {}): number {
    const open = this.#open(match);
    for (const exchange of open) exchange.cut();
    return open.length;
  }

  /** Answers in the API server's place, with a `Status` as body. */
  answer(
    status: number,
    match: Match = {},
    options: RuleOptions & { retryAfterSeconds?: number; message?: string } = {},
  ): FaultRule {
    const { retryAfterSeconds, message = `the test's fault rig answers ${status}` } = options;
    const wait = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
    return this.#add({ type: "answer", status, message, ...wait }, match, options);
  }

  /** The API server does what it is asked to; its answer is lost and the connection reset. */
  loseAnswer(match: Match = {}, options: RuleOptions = {}): FaultRule {
    return this.#add({ type: "loseAnswer" }, match, options);
  }

  /** New watches are told that their resource version is too old: by HTTP status 410, or by an ERROR event in a 200. */
  expireWatches(as: "event" | "status", match: Match = {}, options: RuleOptions = {}): FaultRule {
    return this.#add({ type: "expireWatch", as }, match, options);
  }

  /** Ends open watches with an ERROR event that says 410; how many. */
  expireOpen(match: Match = {}): number {
    const open = this.#open({ ...match, watch: true });
    for (const exchange of open) exchange.expire();
    return open.length;
  }

  /** Events of watches (also of open ones) come later, in order. @param ms in milliseconds */
  delayEvents(ms: number, match: Match = {}, options: RuleOptions = {}): FaultRule {
    return this.#add({ type: "delayEvents", ms }, match, options);
  }

  /** Events of watches (also of open ones) never come: all, or those that `which` picks. */
  dropEvents(
    match: Match = {},
    options: RuleOptions & { which?: (event: WatchEvent) => boolean } = {},
  ): FaultRule {
    return this.#add({ type: "dropEvents", which: options.which ?? (() => true) }, match, options);
  }

  /** Requests that came through, oldest first (the last 200,000 of them). */
  requests(match: Match = {}): SeenRequest[] {
    return this.#seen.filter((request) => matches(match, request));
  }

  /** How many requests came through. */
  count(match: Match = {}): number {
    return this.requests(match).length;
  }

  /** How many requests are under way; `{ watch: true }` for open watches. */
  countOpen(match: Match = {}): number {
    return this.#open(match).length;
  }

  /** Removes all rules: what is frozen flows again. */
  clear(): void {
    for (const rule of this.#rules.splice(0)) rule.remove();
  }

  /** Forgets the requests seen so far. */
  forget(): void {
    this.#seen = [];
  }

  /** Ends all connections and stops to listen. */
  async close(): Promise<void> {
    const server = await this.#server;
    this.#server = undefined;
    this.#url = undefined;
    this.clear();
    const closed = new Promise<void>((resolve) => server ? server.close(() => resolve()) : resolve());
    for (const exchange of this.#exchanges) exchange.cut();
    for (const socket of this.#sockets) socket.destroy();
    this.#upstream.agent.destroy();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #start(): Promise<https.Server> {
    const { certPem, keyPem } = await this.#certificate();
    const server = https.createServer(
      {
        cert: certPem,
        key: keyPem,
        ALPNProtocols: ["http/1.1"],
        keepAliveTimeout: 90_000,
        requestTimeout: 0,
      },
      (incoming, response) => void this.#handle(incoming, response),
    );
    server.on("secureConnection", (socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      server.on("error", reject);
      server.listen(0, "127.0.0.1", () => resolve());
    });
    this.#url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return server;
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const agent = incoming.headers["user-agent"] ?? "";
    const request = seen(++this.#count, incoming.method ?? "GET", incoming.url ?? "/", agent);
    this.#seen.push(request);
    if (this.#seen.length > MAX_SEEN) this.#seen.splice(0, MAX_SEEN / 10);
    const exchange = new Exchange(request, incoming, response, () => this.#rules);
    this.#exchanges.add(exchange);
    try {
      await exchange.run(this.#upstream);
    } finally {
      this.#exchanges.delete(exchange);
      request.open = false;
    }
  }

  #add(action: FaultAction, match: Match, options: RuleOptions): FaultRule {
    const rule = new FaultRule(action, match, options);
    this.#rules = [...this.#rules.filter((known) => known.active || known.action.type === "freeze"), rule];
    return rule;
  }

  #open(match: Match): Exchange[] {
    return [...this.#exchanges].filter((exchange) =>
      exchange.request.open && matches(match, exchange.request)
    );
  }
}
