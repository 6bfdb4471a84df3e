/**
 * The contract between tools and whoever acts for a caller: Kubernetes and Coder with the caller's rights, never with
 * ours. Tools see nothing else of the world.
 */
import type { KubeObject, ObjectKey, ResourceType } from "../api/object.ts";
import type { CoderClient } from "../coder/mod.ts";
import type { KubeUser } from "../identity/mod.ts";
import type { CallOptions, KubeClient } from "../kube/client.ts";
import type { AccessRequest } from "../kube/reviews.ts";

/** How somebody proved who they are; `process`: nobody had to, and calls are the process' own. */
export type CallerMethod = "token" | "oidc" | "coder" | "proxy" | "x509" | "process";

/** Who calls. */
export interface McpCaller {
  readonly user: KubeUser;
  readonly method: CallerMethod;
  /** Equal for the same user with the same rights alone; nothing can be read from it. Binds sessions, plans and limits. */
  readonly id: string;
}

/** Text of a subresource, such as a pod's `log`. */
export interface TextOptions extends CallOptions {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** No more is read, in bytes. */
  readonly maxBytes: number;
}

export interface TextAnswer {
  readonly bytes: Uint8Array;
  /** There was more. */
  readonly isCut: boolean;
}

/**
 * Kubernetes as the caller sees it. Rejects with `KubeApiError` and `KubeConnectionError` as a `KubeClient` does,
 * whatever answers: the API server, the watch cache or this process' own storages (after an access review). What is
 * watched is reviewed once, when the watch begins: whoever watches for long begins anew from time to time.
 */
export interface CallerCluster
  extends Pick<KubeClient, "get" | "list" | "watch" | "create" | "update" | "patch" | "delete"> {
  /** GET of a subresource that is text. */
  text<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    subresource: string,
    options: TextOptions,
  ): Promise<TextAnswer>;
  /** Whether the caller may. Rejects only where nobody can say. */
  may(
    request: AccessRequest,
    options?: CallOptions,
  ): Promise<{ readonly allowed: boolean; readonly reason: string }>;
  /**
   * What is missing in lists of a kind, one sentence each: Coders that are away, say. Empty where all is there.
   *
   * @param namespace absent: all
   */
  missing(type: ResourceType, namespace: string | undefined): readonly string[];
}

/** One Coder deployment. */
export interface CoderRef {
  /** Stable: `<namespace>/<control plane>`, or an address. */
  readonly id: string;
  readonly namespace: string;
  readonly controlPlane?: string;
  /** How people reach it; absent where that is not known. */
  readonly url?: string;
}

/** A way to one Coder. */
export interface CoderSession {
  readonly ref: CoderRef;
  readonly client: CoderClient;
  /** Whose rights Coder sees. */
  readonly as: "caller" | "operator";
  /** The Coder user's name, where `as` is `caller`. */
  readonly user?: string;
  /** Where callers bring tokens of their own, which may have fewer rights than the user: tells them apart, and is no secret. */
  readonly credential?: string | undefined;
}

export interface CoderChoice {
  readonly namespace: string;
  /** Needed where a namespace has several. */
  readonly controlPlane?: string | undefined;
  /** `caller`: not with the operator's access, as for terminals; `operator`: only so. @default whichever there is */
  readonly as?: "caller" | "operator" | undefined;
}

/** Coder as the caller. */
export interface CallerCoders {
  /** Those that this process knows of and the caller may know of, sorted by id. @param namespace absent: all */
  list(namespace: string | undefined, signal: AbortSignal): Promise<readonly CoderRef[]>;
  /**
   * Opens one, as the Coder user that the caller is. Where no user is known, or with `as: "operator"`, with the
   * operator's access, and only if the caller may do `need` in Kubernetes.
   *
   * @throws {ToolError} where there is none, where it is not clear which, or where the caller may not
   */
  open(choice: CoderChoice, need: AccessRequest, signal: AbortSignal): Promise<CoderSession>;
}
