/** The token of a worker in a Coder workspace: got from its coordinator for a session token of the workspace's owner. */
import { Metadata } from "@grpc/grpc-js";
import { type Clock, systemClock } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { parseCoordinatorAddress } from "./coordinator_address.ts";
import { grpcClient, unaryCall } from "./grpc_client.ts";
import { KEEPALIVE_MS } from "./grpc_limits.ts";
import { serviceDefinition } from "./service.ts";
import type { ClientTls } from "./tls.ts";
import { WireError } from "./wire_error.ts";

export interface WorkspaceTokenOptions {
  /** See `parseCoordinatorAddress`. */
  readonly url: string;
  /** Plain text beyond loopback: whoever sees the network sees the session token. @default {false} */
  readonly allowInsecure?: boolean | undefined;
  /** @default {the usual authorities} */
  readonly tls?: (() => ClientTls | Promise<ClientTls>) | undefined;
  readonly workspaceId: string;
  /** Of the workspace's owner; asked for each time, so that it can be another. */
  readonly sessionToken: () => string | Promise<string>;
  /** Is told what must never be seen. */
  readonly keepSecret: (secret: string) => void;
  readonly log: Logger;
  readonly clock?: Clock | undefined;
  /** In [0, 1). @default Math.random */
  readonly random?: (() => number) | undefined;
}

/** Milliseconds for the coordinator, and for Coder behind it. */
const EXCHANGE_MS = 6_000;
/** How long a token that still counts is used before another attempt to renew it. */
const AGAIN_MS = 30_000;
/** One that ends sooner is not shown any more. */
const MARGIN_MS = 30_000;
const MAX_ANSWER_BYTES = 65_536;

interface Kept {
  readonly token: string;
  readonly until: number;
  renewAt: number;
}

/**
 * Gives the token, whenever it is asked: the one it has, and after about half of its time another. Where there can be none
 * just now, the one it has goes on; where the coordinator or Coder refuses, there is none.
 * Rejects with `WireError`.
 * @throws {WireError} `invalid` where the address cannot be one, or must not be
 */
export function workspaceToken(options: WorkspaceTokenOptions): () => Promise<string> {
  const { url, allowInsecure, clock = systemClock, random = Math.random, log } = options;
  const address = parseCoordinatorAddress(url, allowInsecure);
  let kept: Kept | undefined;
  let renewal: Promise<string> | undefined;

  async function exchange(): Promise<string> {
    const asked = clock.now();
    const sessionToken = (await options.sessionToken()).trim();
    options.keepSecret(sessionToken);
    const limits = { maxMessageBytes: MAX_ANSWER_BYTES, keepaliveMs: KEEPALIVE_MS };
    const tls = address.isTls ? await options.tls?.() ?? {} : {};
    const client = grpcClient(address, tls, limits);
    const late = new AbortController();
    const message =
      `coordinator ${address.text} did not answer within ${EXCHANGE_MS} ms: is it running, and ` +
      "reachable from here?";
    const cancelTimer = clock.setTimer(() => late.abort(new WireError("unavailable", message)), EXCHANGE_MS);
    try {
      const { token, expiresInMs } = await unaryCall(
        client,
        serviceDefinition.EnterWorkspace,
        { workspaceId: options.workspaceId, coderSessionToken: sessionToken },
        { metadata: new Metadata(), address: address.text, signal: late.signal },
      );
      const lifeMs = Number(expiresInMs);
      if (token === "" || !(lifeMs > 0)) {
        throw new WireError("invalid", `what coordinator ${address.text} answered is no token: update both`);
      }
      options.keepSecret(token);
      // Workers that were started together do not come back together.
      kept = { token, until: asked + lifeMs, renewAt: asked + lifeMs * (0.4 + 0.2 * random()) };
      return token;
    } finally {
      cancelTimer();
      client.close();
    }
  }

  async function renewed(): Promise<string> {
    try {
      return await exchange();
    } catch (error) {
      const isPassing = error instanceof WireError && ["not_now", "unavailable"].includes(error.code);
      if (!isPassing || kept === undefined || clock.now() + MARGIN_MS >= kept.until) {
        kept = undefined;
        throw error;
      }
      log.warn("this worker's token cannot be renewed now: the one it has counts on", { error });
      kept.renewAt = clock.now() + AGAIN_MS;
      return kept.token;
    }
  }

  return () => {
    if (kept !== undefined && clock.now() < Math.min(kept.renewAt, kept.until - MARGIN_MS)) {
      return Promise.resolve(kept.token);
    }
    renewal ??= renewed().finally(() => renewal = undefined);
    return renewal;
  };
}
