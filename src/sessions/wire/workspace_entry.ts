/**
 * Tokens for workers that run in Coder workspaces: whoever shows a session token of the workspace's owner gets one, bound to
 * that workspace, while it runs. Coder says all of that; the coordinator has no access of its own.
 */
import {
  type CoderClient,
  CoderError,
  isForbidden,
  isNotFound,
  isUnauthorized,
  tokenId,
} from "../../coder/mod.ts";
import { type Clock, systemClock } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { type Counter, type Metrics, noMetrics } from "../../telemetry/metrics.ts";
import { RefusalGate } from "./refusal_gate.ts";
import { WireError } from "./wire_error.ts";
import { CODER_ID } from "./worker_ids.ts";
import { mintWorkerToken, type WorkerKey } from "./worker_tokens.ts";

/** Coder, as the owner of a session token. */
export type EntryCoder = {
  readonly users: Pick<CoderClient["users"], "me">;
  readonly workspaces: Pick<CoderClient["workspaces"], "get">;
};

export interface WorkspaceEntryOptions {
  readonly coder: (sessionToken: string) => EntryCoder;
  /** Of workers' tokens; the first one signs. */
  readonly keys: () => readonly [WorkerKey, ...WorkerKey[]];
  /** How long a token counts, in milliseconds. @default 2 hours */
  readonly ttlMs?: number | undefined;
  /** How long Coder may take, in milliseconds. @default 4_000 */
  readonly timeoutMs?: number | undefined;
  readonly log: Logger;
  readonly metrics?: Metrics | undefined;
  readonly clock?: Clock | undefined;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: (() => number) | undefined;
}

export interface EntryRequest {
  readonly workspaceId: string;
  readonly coderSessionToken: string;
}

export interface WorkspaceEntry {
  /**
   * @param peer who asks, by address
   * @throws {WireError} `invalid`, `unauthenticated`, `permission_denied`, and `not_now` where trying again may help. No
   * message has a token in it.
   */
  enter(
    request: EntryRequest,
    peer: string,
  ): Promise<{ readonly token: string; readonly expiresInMs: number }>;
}

/** Questions to Coder at once. */
const MAX_ASKING = 64;
const HOUR = 3_600_000;

export function createWorkspaceEntry(options: WorkspaceEntryOptions): WorkspaceEntry {
  const { log, metrics = noMetrics, clock = systemClock, now = Date.now } = options;
  const { ttlMs = 2 * HOUR, timeoutMs = 4_000, coder, keys } = options;
  const gate = new RefusalGate({ clock });
  const results: Counter = metrics.counter(
    "coordinator_workspace_entries_total",
    "Workers in Coder workspaces that asked for a token, by what came of it",
    ["result"],
  );
  let asking = 0;

  async function enter({ workspaceId, coderSessionToken }: EntryRequest) {
    const sessionToken = coderSessionToken.trim();
    if (!CODER_ID.test(workspaceId)) {
      throw new WireError(
        "invalid",
        "that is no id of a Coder workspace: it has 36 small letters, digits and dashes, as CODER_WORKSPACE_ID or " +
          "data.coder_workspace.me.id have it",
      );
    }
    // What cannot be one is not asked about: Coder counts by address.
    if (tokenId(sessionToken) === undefined) {
      throw new WireError(
        "unauthenticated",
        "there is no Coder session token: give that of the workspace's owner " +
          "(data.coder_workspace_owner.me.session_token in the template)",
      );
    }
    if (asking >= MAX_ASKING) {
      throw new WireError("not_now", "many workers are asking for their tokens just now: try again");
    }
    asking++;
    try {
      const { owner, workspace } = await look(coder(sessionToken), workspaceId, timeoutMs);
      const binding = { workspaceId, ownerId: owner.id };
      const token = await mintWorkerToken(keys(), { binding, ttlMs, now: now() });
      log.info("the worker of a workspace has got its token", {
        workspace_id: workspaceId,
        workspace: `${workspace.owner_name}/${workspace.name}`,
        owner_id: owner.id,
      });
      return { token, expiresInMs: ttlMs };
    } finally {
      asking--;
    }
  }

  return {
    async enter(request, peer) {
      const waitMs = gate.waitMs(peer);
      if (waitMs > 0) {
        results.inc({ result: "not_now" });
        throw new WireError(
          "not_now",
          `too many workers from this address were refused: try again in ${Math.ceil(waitMs / 1_000)} s`,
        );
      }
      try {
        const answer = await enter(request);
        results.inc({ result: "ok" });
        return answer;
      } catch (error) {
        const told = error instanceof WireError ? error : undefined;
        results.inc({ result: told?.code ?? "internal" });
        if (told !== undefined && told.code !== "not_now") gate.refused(peer);
        throw error;
      }
    },
  };
}

/** @throws {WireError} */
async function look(coder: EntryCoder, workspaceId: string, timeoutMs: number) {
  const signal = AbortSignal.timeout(timeoutMs);
  const ask = { signal, timeoutMs };
  const owner = await coder.users.me(ask).catch((error) => {
    if (isUnauthorized(error)) {
      throw new WireError(
        "unauthenticated",
        "Coder refuses the session token: the one of data.coder_workspace_owner.me.session_token ends when the workspace " +
          "stops, and each start makes another",
      );
    }
    if (isNotFound(error) || isForbidden(error)) {
      throw new WireError(
        "permission_denied",
        "the session token's scopes do not let Coder say whose it is: give one that has all",
      );
    }
    throw notNow(error);
  });
  const workspace = await coder.workspaces.get(workspaceId, {}, ask).catch((error) => {
    if (isNotFound(error) || isForbidden(error)) throw notTheirs(workspaceId, owner.username);
    throw notNow(error);
  });
  if (workspace.owner_id !== owner.id) throw notTheirs(workspaceId, owner.username);
  const { transition, status } = workspace.latest_build;
  if (transition === "start" && (status === "pending" || status === "starting")) {
    throw new WireError(
      "not_now",
      `the workspace ${workspace.owner_name}/${workspace.name} is not up yet (${status}): try again when its build is done`,
    );
  }
  if (transition !== "start" || status !== "running") {
    throw new WireError(
      "permission_denied",
      `the workspace ${workspace.owner_name}/${workspace.name} does not run: Coder says that it is ${status}`,
    );
  }
  return { owner, workspace };
}

/** Whether it is another's or is not there is not for this user to know. */
function notTheirs(workspaceId: string, user: string): WireError {
  return new WireError(
    "permission_denied",
    `Coder user ${user} has no workspace ${workspaceId}: the session token must be that of the workspace's owner`,
  );
}

function notNow(cause: unknown): WireError {
  const why = cause instanceof CoderError ? cause.reason ?? cause.kind : "it did not answer";
  return new WireError("not_now", `the coordinator cannot ask its Coder (${why}): try again`, { cause });
}
