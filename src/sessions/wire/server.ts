/** The coordinator's port for workers: gRPC in front of the hub. */
import { isIP } from "node:net";
import { type Metadata, Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";
import { addressText, type BindAddress } from "../../telemetry/bind_address.ts";
import { type Clock, systemClock } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { isLoopback } from "../../telemetry/loopback.ts";
import { type Counter, type Metrics, noMetrics } from "../../telemetry/metrics.ts";
import { statusOf } from "./grpc_errors.ts";
import { channelOptions, KEEPALIVE_MS, MAX_MESSAGE_BYTES } from "./grpc_limits.ts";
import type { WorkerHub } from "./hub.ts";
import { serviceDefinition } from "./service.ts";
import { serveStream } from "./server_stream.ts";
import { widenWindows } from "./server_windows.ts";
import { readHello, readLoad } from "./codec.ts";
import { objectionToHello } from "./worker_ids.ts";
import { ReloadingCredentials, type ServerTlsSource } from "./tls.ts";
import type { WorkspaceEntry } from "./workspace_entry.ts";
import { verifyWorkerToken, type WorkerIdentity, type WorkerKey } from "./worker_tokens.ts";
import { WireError } from "./wire_error.ts";

export interface WorkerServerOptions {
  readonly hub: WorkerHub;
  /** Port 0 lets the system choose. */
  readonly address: BindAddress;
  /** Absent: plain text, which is refused beyond loopback. */
  readonly tls?: ServerTlsSource | undefined;
  /** Plain text beyond loopback: whoever sees the network sees tokens and sessions. @default {false} */
  readonly allowInsecure?: boolean | undefined;
  /** What workers' tokens are verified with; asked for each call, so that they can be others. */
  readonly keys: () => readonly WorkerKey[];
  /** Gives workers in Coder workspaces their tokens. Absent: nobody gets one here. */
  readonly entry?: Pick<WorkspaceEntry, "enter"> | undefined;
  /** @default 16 MiB */
  readonly maxMessageBytes?: number | undefined;
  /** Milliseconds between pings. @default 30_000 */
  readonly keepaliveMs?: number | undefined;
  readonly log: Logger;
  readonly metrics?: Metrics | undefined;
  readonly clock?: Clock | undefined;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: (() => number) | undefined;
}

export interface WorkerServer {
  /** Where it listens, 0 before. */
  readonly port: number;
  /** Rejects where the address cannot be had, or must not be. */
  listen(signal: AbortSignal): Promise<void>;
  /** Ends all streams; workers find another coordinator, or this one again. The hub stays. */
  close(): Promise<void>;
}

/** Milliseconds for calls to end. */
const CLOSE_MS = 1_000;

export function createWorkerServer(options: WorkerServerOptions): WorkerServer {
  return new GrpcWorkerServer(options);
}

class GrpcWorkerServer implements WorkerServer {
  readonly #options: WorkerServerOptions;
  readonly #server: Server;
  readonly #refusals: Counter;
  readonly #clock: Clock;
  #credentials: ReloadingCredentials | undefined;
  port = 0;

  constructor(options: WorkerServerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#refusals = (options.metrics ?? noMetrics).counter(
      "coordinator_worker_refusals_total",
      "Calls of workers that were refused",
      ["reason"],
    );
    const maxBytes = options.maxMessageBytes ?? MAX_MESSAGE_BYTES;
    this.#server = new Server(channelOptions(maxBytes, options.keepaliveMs ?? KEEPALIVE_MS));
    const { hub } = options;
    this.#server.addService(serviceDefinition, {
      Register: this.#unary<typeof serviceDefinition.Register>(async (request, metadata) => {
        const { workerId, binding } = await this.#who(metadata, request.workerId);
        const hello = readHello(request.hello);
        const objection = objectionToHello(hello, binding);
        if (objection !== undefined) throw new WireError("invalid", objection);
        const registration = hub.register(workerId, hello, readLoad(request.load), binding);
        return { registration: registration.id, heartbeatTimeoutMs: registration.heartbeatTimeoutMs };
      }),
      Heartbeat: this.#unary<typeof serviceDefinition.Heartbeat>(async (request, metadata) => {
        const { workerId } = await this.#who(metadata);
        hub.heartbeat(workerId, request.registration, readLoad(request.load), request.draining);
        return {};
      }),
      Deregister: this.#unary<typeof serviceDefinition.Deregister>(async (request, metadata) => {
        const { workerId } = await this.#who(metadata);
        const reason = request.reason.slice(0, 500) || "it has said farewell";
        hub.deregister(workerId, request.registration, Number(request.lastTaken), reason);
        return {};
      }),
      EnterWorkspace: this.#unary<typeof serviceDefinition.EnterWorkspace>(
        async ({ workspaceId, coderSessionToken }, _metadata, peer) => {
          const { entry } = options;
          if (entry === undefined) {
            throw new WireError(
              "permission_denied",
              "this coordinator knows no Coder that could say whose workspace it is: start it with --coder-url",
            );
          }
          return await entry.enter({ workspaceId, coderSessionToken }, peer);
        },
      ),
      TaskStream: (call: ServerDuplexStream<Uint8Array, Uint8Array>) => {
        const who = this.#who(call.metadata).catch((error) => {
          this.#refused(error);
          throw error;
        });
        serveStream(call, {
          hub,
          who,
          maxBytes,
          clock: this.#clock,
          now: this.#now,
          refused: (error) => this.#refused(error),
        });
      },
    });
  }

  async listen(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { address, tls, allowInsecure = false, log } = this.#options;
    if (tls === undefined && !allowInsecure && !isLoopback(address.hostname)) {
      throw new Error(
        `Workers' tokens must not travel in plain text: ${
          addressText(address)
        } is not loopback, and has no ` +
          "certificate. Give it one (--grpc-tls-cert-file, --grpc-tls-private-key-file), or say --grpc-insecure where " +
          "something in front of it has one.",
      );
    }
    this.#credentials = tls === undefined ? undefined : new ReloadingCredentials(tls, log);
    const attempt = (hostname: string) =>
      new Promise<number>((resolve, reject) => {
        const target = isIP(hostname) === 6 ? `[${hostname}]:${address.port}` : `${hostname}:${address.port}`;
        const credentials = this.#credentials ?? ServerCredentials.createInsecure();
        this.#server.bindAsync(target, credentials, (error, port) => error ? reject(error) : resolve(port));
      });
    try {
      this.port = await attempt(address.hostname === "localhost" ? "127.0.0.1" : address.hostname);
    } catch (cause) {
      this.#credentials?.close();
      const message = `Cannot listen on ${addressText(address)} for workers. Choose another address.`;
      throw new Error(message, { cause });
    }
    if (signal.aborted) {
      await this.close();
      signal.throwIfAborted();
    }
    if (!widenWindows(this.#server)) log.warn("distant workers will be slow: windows cannot be widened");
    log.info("listening for workers", {
      address: addressText({ hostname: address.hostname, port: this.port }),
      tls: tls !== undefined,
    });
  }

  async close(): Promise<void> {
    this.#credentials?.close();
    await new Promise<void>((resolve) => {
      const cancelTimer = this.#clock.setTimer(() => this.#server.forceShutdown(), CLOSE_MS);
      this.#server.tryShutdown(() => {
        cancelTimer();
        resolve();
      });
    });
  }

  get #now(): () => number {
    return this.#options.now ?? Date.now;
  }

  /** @throws {WireError} */
  #who(metadata: Metadata, claimed = ""): Promise<WorkerIdentity> {
    const [header = ""] = metadata.get("authorization");
    const token = /^Bearer +(\S+)$/i.exec(String(header))?.[1] ?? "";
    return verifyWorkerToken(this.#options.keys(), token, claimed, this.#now());
  }

  #unary<
    M extends { requestDeserialize: (bytes: Buffer) => unknown; responseSerialize: (value: never) => Buffer },
  >(
    answer: (
      request: ReturnType<M["requestDeserialize"]>,
      metadata: Metadata,
      peer: string,
    ) => Promise<Parameters<M["responseSerialize"]>[0]>,
  ) {
    return (
      call: {
        readonly request: ReturnType<M["requestDeserialize"]>;
        readonly metadata: Metadata;
        getPeer(): string;
      },
      tell: (error: object | null, value?: Parameters<M["responseSerialize"]>[0]) => void,
    ) => {
      answer(call.request, call.metadata, hostOf(call.getPeer())).then(
        (value) => tell(null, value),
        (error) => {
          this.#refused(error);
          tell(statusOf(error));
        },
      );
    };
  }

  #refused(error: unknown): void {
    const reason = error instanceof WireError ? error.code : "internal";
    this.#refusals.inc({ reason });
    if (reason === "internal") this.#options.log.error("a call of a worker failed", { error });
    else this.#options.log.warn("a call of a worker is refused", { reason, error });
  }
}

/** Without the port, which is another for each connection. */
function hostOf(peer: string): string {
  return peer.replace(/:\d+$/, "");
}
