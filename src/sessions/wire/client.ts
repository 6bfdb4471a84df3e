/** A worker's link to its coordinator over gRPC. */
import { parseCoordinatorAddress } from "./coordinator_address.ts";
import { GrpcDoor } from "./grpc_door.ts";
import { KEEPALIVE_MS, MAX_MESSAGE_BYTES } from "./grpc_limits.ts";
import type { ClientTls } from "./tls.ts";
import { type WorkerClient, WorkerLoop, type WorkerLoopOptions } from "./worker_loop.ts";

export interface WorkerClientOptions extends WorkerLoopOptions {
  /** See `parseCoordinatorAddress`. */
  readonly url: string;
  /** Who it means to be: refused where its token is another's. @default {whoever its token says} */
  readonly workerId?: string | undefined;
  /** Plain text beyond loopback: whoever sees the network sees the token. @default {false} */
  readonly allowInsecure?: boolean | undefined;
  /** The worker's own, which says who it is. Asked for each call, so that it can be replaced. */
  readonly token: () => string | Promise<string>;
  /** Asked for each connection, so that certificates can be replaced. @default {the usual authorities} */
  readonly tls?: (() => ClientTls | Promise<ClientTls>) | undefined;
  /** @default 16 MiB */
  readonly maxMessageBytes?: number | undefined;
  /** Milliseconds between pings. @default 30_000 */
  readonly keepaliveMs?: number | undefined;
}

/** Makes it; nothing is asked before `run`. @throws {WireError} `invalid` where the address cannot be one, or must not be */
export function createWorkerClient(options: WorkerClientOptions): WorkerClient {
  return new WorkerLoop(createGrpcDoor(options), options);
}

/** The way to the coordinator alone. @throws {WireError} */
export function createGrpcDoor(
  options: Pick<
    WorkerClientOptions,
    "url" | "workerId" | "allowInsecure" | "token" | "tls" | "maxMessageBytes" | "keepaliveMs"
  >,
  address = parseCoordinatorAddress(options.url, options.allowInsecure),
): GrpcDoor {
  return new GrpcDoor({
    workerId: options.workerId ?? "",
    address,
    token: options.token,
    tls: options.tls ?? (() => ({})),
    maxMessageBytes: options.maxMessageBytes ?? MAX_MESSAGE_BYTES,
    keepaliveMs: options.keepaliveMs ?? KEEPALIVE_MS,
  });
}
