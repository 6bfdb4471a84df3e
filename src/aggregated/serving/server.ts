/**
 * The API server: `node:https`, because it alone can ask clients for certificates. See `storage.ts` for what it serves,
 * and `http/` for what happens to a request on its way.
 */
import { createServer, type Server, type ServerOptions } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import {
  askedAuthorities,
  type AuthenticationConfigSource,
  type Authenticator,
  type Authorizer,
} from "../../identity/mod.ts";
import { addressText, type BindAddress } from "../../telemetry/bind_address.ts";
import { type Clock, sleep, systemClock } from "../../telemetry/clock.ts";
import type { Health } from "../../telemetry/health.ts";
import { type Logger, silentLogger } from "../../telemetry/logger.ts";
import { type Metrics, noMetrics } from "../../telemetry/metrics.ts";
import type { GroupVersion } from "./documents/discovery.ts";
import { createPathHandler, isHealthPath } from "./documents/path_handler.ts";
import type { BuildVersion } from "./documents/version.ts";
import { hasBody } from "./http/body.ts";
import { answerClientError } from "./http/client_error.ts";
import { deadlineFilter } from "./http/deadline_filter.ts";
import { errorFilter, factsOf } from "./http/error_filter.ts";
import { behind, type Exchange, type Handler, isStream } from "./http/exchange.ts";
import { authenticationFilter, authorizationFilter } from "./http/identity_filters.ts";
import { ServerExchange } from "./http/incoming.ts";
import { IN_FLIGHT_LIMITS, inFlightFilter, type InFlightLimits } from "./http/in_flight.ts";
import { logFilter } from "./http/log_filter.ts";
import { respond } from "./http/respond.ts";
import { type Changing, objectionToKeyPair, type ServingKeyPair } from "./http/tls.ts";
import { ResourceHandler } from "./resource_handler.ts";
import type { AnyStorage } from "./storage.ts";
import { Gathering } from "./watch/gathering.ts";
import { WATCH_LIMITS, type WatchLimits } from "./watch/watch_stream.ts";
import { WatchRegistry } from "./watch/watch_registry.ts";

export interface ApiServerOptions {
  readonly served: GroupVersion;
  /** All of them of `served`. */
  readonly storages: readonly AnyStorage[];
  readonly authenticate: Authenticator;
  readonly authorize: Authorizer;
  /** Whom to ask clients for certificates of. */
  readonly authentication: Pick<AuthenticationConfigSource, "current" | "subscribe">;
  /** What is served with; undefined as long as there is none. */
  readonly certificate: Changing<ServingKeyPair | undefined>;
  /** Readiness turns red when the server drains. */
  readonly health: Health;
  readonly version: BuildVersion;
  /** What `/metrics` says; absent: there is none. */
  readonly scrape?: { readonly contentType: string; text(): Promise<string> };
  readonly limits?: Partial<ServerLimits>;
  readonly watchLimits?: Partial<WatchLimits>;
  readonly log?: Logger;
  readonly metrics?: Metrics;
  readonly clock?: Clock;
  /** Milliseconds since 1970. @default {Date.now} */
  readonly now?: () => number;
}

export interface ServerLimits extends InFlightLimits {
  /**
   * How long an answer may take, and how long a client may take to read it, in milliseconds; watches and logs have it
   * for their beginning alone. @default {60_000}
   */
  readonly deadlineMs: number;
  /** @default {3_145_728} */
  readonly maxBodyBytes: number;
  /** All headers of a request together. @default {1_048_576} */
  readonly maxHeaderBytes: number;
  /** How long a client may take for the head of a request, in milliseconds. @default {32_000} */
  readonly headMs: number;
  /** How long a connection may be idle: longer than clients keep theirs, in milliseconds. @default {120_000} */
  readonly idleMs: number;
  /** How long a TLS handshake may take, in milliseconds. @default {10_000} */
  readonly handshakeMs: number;
}

const LIMITS: ServerLimits = {
  ...IN_FLIGHT_LIMITS,
  deadlineMs: 60_000,
  maxBodyBytes: 3 * 1024 * 1024,
  maxHeaderBytes: 1024 * 1024,
  headMs: 32_000,
  idleMs: 120_000,
  handshakeMs: 10_000,
};

export interface DrainOptions {
  /** How long readiness is red, and all is answered, before connections are refused, in milliseconds. @default {5_000} */
  readonly delayMs?: number;
  /** How long requests in hand may then take, in milliseconds. @default {25_000} */
  readonly graceMs?: number;
}

export interface ApiServer {
  /** Begins to listen; port 0 is any free one. @throws where there is no certificate yet, or the port is taken */
  listen(address: BindAddress): Promise<BindAddress>;
  /** Ends in order: readiness red, a delay, no new connections, watches ended, requests in hand finished. */
  drain(options?: DrainOptions): Promise<void>;
  /** Ends at once. */
  close(): Promise<void>;
  /** Watches that are open. */
  readonly watches: number;
  /** Connections that are open, those in their handshake included. */
  readonly connections: number;
}

/** Makes a server; nothing is listened to yet. */
export function createApiServer(options: ApiServerOptions): ApiServer {
  return new NodeApiServer(options);
}

/** Nothing has been in hand for so long, in milliseconds: nothing more is to be expected of a server that does not listen. */
const QUIET_MS = 300;
const LOOK_MS = 50;

class NodeApiServer implements ApiServer {
  readonly #options: ApiServerOptions;
  readonly #limits: ServerLimits;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #handler: Handler;
  readonly #watches: WatchRegistry;
  #server: Server | undefined;
  #isDraining = false;
  readonly #inHand = new Set<Exchange>();
  /** All connections, those that are still in their handshake included. */
  readonly #sockets = new Set<Duplex>();
  readonly #unsubscribe: (() => void)[] = [];

  constructor(options: ApiServerOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#log = options.log ?? silentLogger;
    this.#clock = options.clock ?? systemClock;
    this.#watches = new WatchRegistry(
      (options.metrics ?? noMetrics).counter(
        "apiserver_watch_ends_total",
        "Watches that have ended, by why: over, gone, slow, source, refused.",
        ["reason"],
      ),
      new Gathering(this.#clock, options.watchLimits?.gatherMs ?? WATCH_LIMITS.gatherMs),
    );
    this.#handler = this.#createHandler();
  }

  get watches(): number {
    return this.#watches.size;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  #createHandler(): Handler {
    const { served, storages, authenticate, authorize, version, health, scrape, metrics = noMetrics } =
      this.#options;
    const stray = storages.find(({ definition: { type } }) =>
      type.group !== served.group || type.version !== served.version
    );
    if (stray !== undefined) {
      throw new Error(
        `${stray.definition.type.kind} is not of ${served.group}/${served.version}, which is served`,
      );
    }
    const log = this.#log;
    const clock = this.#clock;
    const resources = new ResourceHandler({
      storages,
      authorize,
      watches: this.#watches,
      watchLimits: { ...WATCH_LIMITS, ...this.#options.watchLimits },
      clock,
      now: this.#options.now ?? Date.now,
      log,
      watchEvents: metrics.counter("apiserver_watch_events_total", "Events sent to watchers, by kind.", [
        "group",
        "version",
        "kind",
      ]),
    });
    const paths = createPathHandler({
      served,
      storages,
      version,
      health,
      ...(scrape === undefined ? {} : { metrics: scrape }),
    });
    const inFlight = metrics.gauge(
      "apiserver_current_inflight_requests",
      "Requests that are worked on now, by kind: readOnly or mutating.",
      ["request_kind"],
    );
    return behind(
      [
        errorFilter(log),
        logFilter({ log, metrics, clock, isKnown: (info) => resources.knows(info) }),
        deadlineFilter(this.#limits.deadlineMs, clock),
        authenticationFilter(authenticate),
        authorizationFilter(authorize),
        inFlightFilter(this.#limits, ({ info }) => info.kind === "path" && isHealthPath(info.path), inFlight),
      ],
      (exchange) => {
        const { info } = exchange;
        return info.kind === "resource" ? resources.handle(exchange, info) : paths(exchange);
      },
    );
  }

  async listen(address: BindAddress): Promise<BindAddress> {
    const { certificate, authentication } = this.#options;
    const server = createServer(this.#tlsOptions());
    // By default those behind the first thousand are left out, unsaid: groups, the user, what must be refused. Their size is
    // limited all the same.
    server.maxHeadersCount = 0;
    server.on("request", (incoming, response) => this.#serve(incoming, response, false));
    server.on("checkContinue", (incoming, response) => this.#serve(incoming, response, true));
    server.on("clientError", (error, socket) => answerClientError(error, socket));
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    server.on("tlsClientError", (error, socket) => this.#refuseHandshake(error, socket));
    const reload = () => this.#reload();
    this.#unsubscribe.push(certificate.subscribe(reload), authentication.subscribe(reload));
    this.#server = server;
    const listening = await listenOn(server, address);
    this.#log.info("listening", { server: "aggregated API", address: addressText(listening) });
    return listening;
  }

  #tlsOptions(): ServerOptions {
    const { headMs, idleMs, handshakeMs, maxHeaderBytes, deadlineMs } = this.#limits;
    return {
      ...this.#secrets(),
      requestCert: true,
      // Who has no certificate may have a token; what a certificate is worth is decided for each request.
      rejectUnauthorized: false,
      handshakeTimeout: handshakeMs,
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: Math.min(headMs, deadlineMs),
      requestTimeout: deadlineMs,
      keepAliveTimeout: idleMs,
      connectionsCheckingInterval: Math.min(5_000, headMs / 4),
    };
  }

  #secrets() {
    const { certificate, authentication } = this.#options;
    const pair = certificate.current;
    if (pair === undefined) {
      throw new Error("There is no serving certificate yet. Wait for it before listening.");
    }
    const objection = objectionToKeyPair(pair);
    if (objection !== undefined) throw new Error(`The serving certificate cannot be used: ${objection}.`);
    return {
      cert: pair.certPem,
      key: pair.keyPem,
      ca: askedAuthorities(authentication.current),
      minVersion: "TLSv1.2" as const,
    };
  }

  /** New connections use the new certificate and authorities; those that are open go on as they are. */
  #reload(): void {
    try {
      this.#server?.setSecureContext(this.#secrets());
      this.#log.info("certificates of the aggregated API are reloaded");
    } catch (error) {
      this.#log.error("the aggregated API goes on with its old certificates: the new ones cannot be used", {
        error,
      });
    }
  }

  #refuseHandshake(error: Error, socket: TLSSocket): void {
    this.#log.debug("a TLS handshake failed", { error: error.message });
    socket.destroy();
  }

  #serve(incoming: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void {
    const exchange = new ServerExchange(incoming, response, this.#limits.maxBodyBytes, awaitsContinue);
    this.#inHand.add(exchange);
    response.once("close", () => {
      this.#inHand.delete(exchange);
      // A watch's head came too early to say that its connection ends with it.
      if (this.#isDraining) incoming.socket.end();
    });
    this.#answer(exchange, response).catch((error) => {
      this.#log.error("an answer could not be written", { ...factsOf(exchange), error });
      response.destroy();
    });
  }

  async #answer(exchange: ServerExchange, response: ServerResponse): Promise<void> {
    const answer = await this.#handler(exchange);
    if (response.destroyed) return;
    // What follows a body that was not read would be taken for the next request.
    const isUnread = hasBody(exchange.headers) && !exchange.hasReadBody;
    await respond(response, exchange, answer, this.#isDraining || isUnread);
    if (!isStream(answer) && !response.closed) this.#limitReading(response);
  }

  /** Who does not read its answer would keep it in memory for ever. */
  #limitReading(response: ServerResponse): void {
    const cancel = this.#clock.setTimer(() => response.destroy(), this.#limits.deadlineMs);
    response.once("close", cancel);
  }

  async drain({ delayMs = 5_000, graceMs = 25_000 }: DrainOptions = {}): Promise<void> {
    this.#options.health.startDraining();
    // Answers end their connections from now on: clients find another replica before this one is gone.
    this.#isDraining = true;
    await sleep(delayMs, undefined, this.#clock);
    const closed = this.#stopListening();
    this.#watches.finishAll();
    this.#server?.closeIdleConnections();
    const cancel = this.#clock.setTimer(() => {
      this.#log.warn("requests in hand did not end in time", { requests: this.#inHand.size, graceMs });
      this.#cutConnections();
    }, graceMs);
    const ended = new AbortController();
    void this.#cutWhenQuiet(ended.signal);
    await closed.finally(() => {
      cancel();
      ended.abort();
    });
  }

  /** Connections that were opened for requests that never came are not idle to Node, and would be waited for. */
  async #cutWhenQuiet(signal: AbortSignal): Promise<void> {
    for (let quietMs = 0; quietMs < QUIET_MS && !signal.aborted;) {
      await sleep(LOOK_MS, signal, this.#clock);
      quietMs = this.#inHand.size === 0 ? quietMs + LOOK_MS : 0;
    }
    if (!signal.aborted) this.#cutConnections();
  }

  async close(): Promise<void> {
    this.#isDraining = true;
    const closed = this.#stopListening();
    this.#watches.finishAll();
    this.#cutConnections();
    await closed;
  }

  #cutConnections(): void {
    this.#server?.closeAllConnections();
    for (const socket of this.#sockets) socket.destroy();
  }

  #stopListening(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    const server = this.#server;
    if (server === undefined) return Promise.resolve();
    return new Promise((resolve) => server.close(() => resolve()));
  }
}

/** `0.0.0.0` is every interface, IPv6 included where the machine has it. */
async function listenOn(server: Server, { hostname, port }: BindAddress): Promise<BindAddress> {
  const attempt = (host: string) =>
    new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, () => {
        server.off("error", reject);
        resolve();
      });
    });
  try {
    await attempt(hostname === "0.0.0.0" ? "::" : hostname);
  } catch (error) {
    const { code } = error as { code?: string };
    if (hostname !== "0.0.0.0" || code === "EADDRINUSE" || code === "EACCES") {
      throw new Error(
        `Cannot listen on ${addressText({ hostname, port })} for the aggregated API. Choose another address.`,
        { cause: error },
      );
    }
    await attempt(hostname);
  }
  const { address, port: bound } = server.address() as AddressInfo;
  return { hostname: address, port: bound };
}
