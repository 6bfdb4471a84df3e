/** A real server on a real port, with gadgets in memory, and a client that speaks to it. For tests alone. */
import { Buffer } from "node:buffer";
import { request, type RequestOptions } from "node:https";
import type { IncomingMessage } from "node:http";
import { connect, type TLSSocket } from "node:tls";
import type { Authentication, Authorizer } from "../../../identity/mod.ts";
import { CountingMetrics } from "../../../kube/testing/counting_metrics.ts";
import { recordingLogger } from "../../../kube/testing/recording_logger.ts";
import { Health } from "../../../telemetry/health.ts";
import { issueAuthority, type IssuedPair, issueServing } from "../certificates/issue.ts";
import { CurrentCertificate } from "../certificates/source.ts";
import { type ApiServer, type ApiServerOptions, createApiServer } from "../server.ts";
import { type Gadget, gadgetDefinition, GROUP_VERSION } from "./gadgets.ts";
import { MemoryStorage } from "./memory_storage.ts";

const VALIDITY = { now: Date.now(), lifetimeMs: 86_400_000 };
const authority = await issueAuthority("live-server", VALIDITY);

/** A certificate for localhost that {@linkcode LiveServer.call} trusts. */
export function issueLocal(by: IssuedPair = authority): Promise<IssuedPair> {
  return issueServing(by, ["localhost"], VALIDITY);
}

const local = await issueLocal();

/** What a call gets. */
export interface Reply {
  code: number;
  headers: IncomingMessage["headers"];
  text: string;
  // deno-lint-ignore no-explicit-any -- tests look into answers of any kind
  json: any;
}

export interface CallOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** Sent as `x-user`; the groups of the user stand behind commas. @default {"jane"} */
  user?: string | null;
  /** @default no connection is used twice */
  agent?: RequestOptions["agent"];
}

export type LiveOptions = Partial<Omit<ApiServerOptions, "served" | "storages">>;

/** Who calls, by the header `x-user`: `name,group,group`; nobody without it. */
export function authenticateByHeader(
  { rawHeaders }: { rawHeaders: readonly string[] },
): Promise<Authentication> {
  const at = rawHeaders.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === "x-user");
  const [name = "", ...groups] = (rawHeaders[at + 1] ?? "").split(",");
  if (at === -1) {
    const user = { name: "system:anonymous", groups: ["system:unauthenticated"], extra: {} };
    return Promise.resolve({ kind: "anonymous", user });
  }
  if (name === "refused") {
    const refusal = {
      code: 401,
      reason: "Unauthorized",
      message: "who are you?",
      closeConnection: true,
    } as const;
    return Promise.resolve({ kind: "refused", refusal });
  }
  return Promise.resolve({ kind: "user", user: { name, groups, extra: {} }, method: "token" });
}

export const allowAll: Authorizer = () => Promise.resolve({ allowed: true, reason: "test" });

export class LiveServer implements AsyncDisposable {
  readonly storage: MemoryStorage<Gadget>;
  readonly health: Health;
  readonly metrics = new CountingMetrics();
  readonly certificate: CurrentCertificate;
  readonly server: ApiServer;
  readonly #log = recordingLogger();
  port = 0;
  /** Whom clients of it trust. */
  readonly caPem = authority.certPem;

  private constructor(options: LiveOptions, storage: MemoryStorage<Gadget>) {
    this.storage = storage;
    this.health = options.health ?? new Health();
    this.certificate = new CurrentCertificate();
    this.certificate.set(local);
    this.server = createApiServer({
      served: GROUP_VERSION,
      storages: [this.storage],
      authenticate: authenticateByHeader,
      authorize: allowAll,
      authentication: { current: {}, subscribe: () => () => {} },
      certificate: this.certificate,
      health: this.health,
      version: { version: "1.2.3", commit: "abc", built: "2026-01-01T00:00:00Z" },
      log: this.#log.logger,
      metrics: this.metrics,
      ...options,
    });
  }

  static async start(
    options: LiveOptions = {},
    storage = new MemoryStorage(gadgetDefinition, 100n),
  ): Promise<LiveServer> {
    const live = new LiveServer(options, storage);
    ({ port: live.port } = await live.server.listen({ hostname: "127.0.0.1", port: 0 }));
    return live;
  }

  get logLines() {
    return this.#log.lines;
  }

  /** One request. `path` begins with a slash, or is behind the group and version. */
  async call(path: string, options: CallOptions = {}): Promise<Reply> {
    const answer = await this.open(path, options);
    const pieces: Uint8Array[] = [];
    for await (const piece of answer) pieces.push(piece as Uint8Array);
    const text = new TextDecoder().decode(await new Blob(pieces as BlobPart[]).arrayBuffer());
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      json = undefined;
    }
    return { code: answer.statusCode ?? 0, headers: answer.headers, text, json };
  }

  /** The head of an answer; its body is still to be read. */
  open(path: string, { method = "GET", headers = {}, body, user = "jane", agent = false }: CallOptions = {}) {
    const whole = path.startsWith("/")
      ? path
      : `/apis/${GROUP_VERSION.group}/${GROUP_VERSION.version}/${path}`;
    return new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request({
        host: "127.0.0.1",
        servername: "localhost",
        port: this.port,
        ca: authority.certPem,
        agent,
        method,
        path: whole,
        headers: {
          ...(user === null ? {} : { "x-user": user }),
          // For a DELETE it is not sent by itself.
          ...(body === undefined ? {} : { "Content-Length": String(Buffer.byteLength(body)) }),
          ...headers,
        },
      });
      sent.once("response", resolve);
      sent.once("error", reject);
      sent.end(body);
    });
  }

  /** A connection without HTTP. */
  connect(options: Record<string, unknown> = {}): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const socket = connect({
        host: "127.0.0.1",
        servername: "localhost",
        port: this.port,
        ca: authority.certPem,
        ...options,
      });
      socket.once("secureConnect", () => resolve(socket));
      socket.once("error", reject);
    });
  }

  /** What comes back for bytes that are sent as they are, until the server closes or `isEnough`. */
  async raw(bytes: string, isEnough: (text: string) => boolean = () => false): Promise<string> {
    const socket = await this.connect();
    let text = "";
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(() => resolve(), 60_000);
    socket.on("data", (piece) => {
      text += piece.toString();
      if (isEnough(text)) resolve();
    });
    socket.on("close", () => resolve());
    socket.on("error", () => resolve());
    socket.write(bytes);
    await promise;
    clearTimeout(timer);
    socket.destroy();
    return text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
  }
}

/** Frames of a watch, one after the other. */
export class Frames {
  #text = "";
  readonly #pieces: AsyncIterator<unknown>;
  constructor(readonly answer: IncomingMessage) {
    this.#pieces = answer[Symbol.asyncIterator]();
  }

  /** The next frame; undefined at the end of the stream. */
  // deno-lint-ignore no-explicit-any -- tests look into frames of any kind
  async next(): Promise<any> {
    for (;;) {
      const end = this.#text.indexOf("\n");
      if (end !== -1) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 1);
        return JSON.parse(line);
      }
      const { done, value } = await this.#pieces.next();
      if (done) return undefined;
      this.#text += (value as { toString(): string }).toString();
    }
  }

  /** The next frames as `TYPE name`. */
  async told(count: number): Promise<string[]> {
    const told: string[] = [];
    for (let index = 0; index < count; index++) {
      const frame = await this.next();
      told.push(frame === undefined ? "END" : `${frame.type} ${frame.object.metadata?.name ?? ""}`.trim());
    }
    return told;
  }
}

/** Resolves when `condition` holds; throws after `limitMs`. */
export async function until(condition: () => boolean, what: string, limitMs = 60_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
