/** A connection of a worker to its coordinator's port, and one call on it. */
import { Client, credentials, type Metadata, type ServiceError } from "@grpc/grpc-js";
import type { Buffer } from "node:buffer";
import { isLoopback } from "../../telemetry/loopback.ts";
import type { CoordinatorAddress } from "./coordinator_address.ts";
import { wireErrorOf } from "./grpc_errors.ts";
import { channelOptions } from "./grpc_limits.ts";
import type { ClientTls } from "./tls.ts";
import { TlsCredentials } from "./tls_client.ts";

/** A call with one message there and one back. */
export interface UnaryMethod<I, O> {
  readonly path: string;
  readonly requestSerialize: (value: I) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => O;
}

export interface ConnectionLimits {
  readonly maxMessageBytes: number;
  readonly keepaliveMs: number;
}

/** Makes it; nothing is dialled before the first call. @throws where the certificates cannot be used */
export function grpcClient(
  address: CoordinatorAddress,
  tls: ClientTls,
  { maxMessageBytes, keepaliveMs }: ConnectionLimits,
): Client {
  const options = {
    ...channelOptions(maxMessageBytes, keepaliveMs),
    // Each client has a connection of its own, so that a new one tries at once.
    "grpc.use_local_subchannel_pool": 1,
    "grpc.enable_http_proxy": isLoopback(address.hostname) ? 0 : 1,
    ...(address.authority === undefined ? {} : { "grpc.default_authority": address.authority }),
  };
  if (!address.isTls) return new Client(address.target, credentials.createInsecure(), options);
  return new Client(address.target, new TlsCredentials(address.hostname, tls), options);
}

/** Rejects with `WireError`, and with the reason of `signal`. @param address for messages */
export function unaryCall<I, O>(
  client: Client,
  { path, requestSerialize, responseDeserialize }: UnaryMethod<I, O>,
  request: I,
  { metadata, address, signal }: {
    readonly metadata: Metadata;
    readonly address: string;
    readonly signal: AbortSignal;
  },
): Promise<O> {
  return new Promise<O>((resolve, reject) => {
    const call = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadata,
      (error: ServiceError | null, answer?: O) => {
        signal.removeEventListener("abort", abort);
        if (error === null) return resolve(answer!);
        if (signal.aborted) return reject(signal.reason);
        reject(wireErrorOf(error.code, error.details, address, error));
      },
    );
    const abort = () => call.cancel();
    signal.addEventListener("abort", abort, { once: true });
  });
}
