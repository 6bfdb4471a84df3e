/** What a registration needs of the world. The reconciler implements it with its clients and caches. */
import type { CallOptions, CoderClient, WorkspaceProxy } from "../../coder/mod.ts";
import type { Place, RegistrationRecord } from "./record.ts";

/** The calls about proxies. */
export interface ProxyCalls extends Pick<CoderClient["workspaceProxies"], "create" | "update" | "delete"> {
  /**
   * Every proxy, the primary included. Only a `fresh` list must be no older than the call: others may be shared by all
   * proxies of one Coder.
   */
  list(options: CallOptions & { fresh: boolean }): Promise<readonly WorkspaceProxy[]>;
  checkToken: CoderClient["workspaceProxies"]["checkToken"];
  /** Whether the operator's user may see proxies. To others Coder says of each that it is not there. */
  maySee(options?: CallOptions): Promise<boolean>;
}

/** The way to a Coder. */
export type ProxyWay =
  | { readonly way: "open"; readonly calls: ProxyCalls }
  /** Not now: Coder is not ready, or there are no credentials yet. */
  | { readonly way: "closed"; readonly reason: string; readonly message: string }
  /** Never again: the control plane is gone, and with it its credentials. */
  | { readonly way: "gone"; readonly message: string };

/** What the Secret for the token holds. */
export type TokenView =
  /** There is no Secret, or nothing at its key. Never where it could not be read. */
  | { readonly state: "missing"; readonly kept?: KeptTokens }
  /** Somebody else's, and nobody said that it may be taken. */
  | { readonly state: "foreign"; readonly message: string }
  | { readonly state: "held"; readonly token: string; readonly kept?: KeptTokens };

/**
 * Tokens of earlier registrations, by the ids of these in small letters. Pods may run with them yet: whoever comes back to
 * one of these must not make it a new token.
 */
export type KeptTokens = ReadonlyMap<string, string>;

/** Something to tell by an Event. */
export interface RegistrationEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

/** See the file's head. */
export interface RegistrationPorts {
  /** The way to a Coder, with the credentials that `place` names. */
  coder(place: Place, signal: AbortSignal): Promise<ProxyWay>;
  /**
   * The record as it is stored now, not as a cache has it; undefined where the resource is gone or being deleted. It is
   * read before a proxy or a token is made: what a cache had may be older. Throws where the spec is another one by now.
   */
  storedRecord(signal: AbortSignal): Promise<RegistrationRecord | undefined>;
  /**
   * The Secret. Where it must be `fresh`, as it is now, whatever a cache or an earlier reading says: otherwise it may be
   * that of a moment ago. Throws what the API server refuses.
   */
  readToken(signal: AbortSignal, options?: { readonly fresh: boolean }): Promise<TokenView>;
  /** Puts the token into the Secret, beside that of another proxy. Throws what the API server refuses. */
  writeToken(token: string, signal: AbortSignal): Promise<void>;
  /** Writes the record to the status before anything else happens. Throws what the API server refuses. */
  save(record: RegistrationRecord, signal: AbortSignal): Promise<void>;
  tell(event: RegistrationEvent): void;
}

/** The calls of a client, each list a request of its own. */
export function proxyCalls(
  { workspaceProxies, users }: Pick<CoderClient, "workspaceProxies" | "users">,
): ProxyCalls {
  return {
    ...workspaceProxies,
    list: ({ fresh: _, ...options }) => workspaceProxies.list(options),
    async maySee(options) {
      const object = { resource_type: "workspace_proxy" };
      return (await users.authCheck({ proxies: { action: "read", object } }, options))["proxies"] === true;
    },
  };
}
