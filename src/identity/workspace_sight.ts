/** Whose workspaces somebody sees: all of a namespace, those of the Coder user they are, or none. */
import type { AccessRequest } from "../kube/reviews.ts";
import type { Authorizer } from "./authorize.ts";
import { type CoderUserRule, mapCoderUser } from "./coder_user.ts";
import type { Refusal } from "./refusal.ts";
import type { KubeUser } from "./user.ts";

export type WorkspaceSight =
  | { readonly sees: "all" }
  | {
    readonly sees: "own";
    readonly coderUser: { readonly by: "username" | "email"; readonly value: string };
  }
  | { readonly sees: "none"; readonly why: string }
  /** It cannot be found out: the request must be refused. */
  | { readonly sees: "unknown"; readonly refusal: Refusal };

/** @param namespace absent: all namespaces at once */
export type WorkspaceSightOf = (
  user: KubeUser,
  namespace: string | undefined,
  signal?: AbortSignal,
) => Promise<WorkspaceSight>;

/** The right to see the workspaces of others: a verb of its own on a resource that is none, so that no `*` is needed. */
export function seeAllRequest(namespace: string | undefined): AccessRequest {
  return {
    verb: "all",
    group: "aggregation.coder.com",
    version: "v1alpha1",
    resource: "coderworkspaces",
    subresource: "others",
    ...(namespace === undefined ? {} : { namespace }),
  };
}

/** Asks `authorize` for the right to see all; without it, `rule` says whose workspaces are somebody's own. */
export function createWorkspaceSight(authorize: Authorizer, rule: CoderUserRule): WorkspaceSightOf {
  return async (user, namespace, signal) => {
    const answer = await authorize(user, seeAllRequest(namespace), signal);
    if (answer.allowed) return { sees: "all" };
    if (answer.refusal.code !== 403) return { sees: "unknown", refusal: answer.refusal };
    const mapped = mapCoderUser(user, rule);
    if (mapped.by === "nobody") return { sees: "none", why: mapped.why };
    return { sees: "own", coderUser: mapped };
  };
}
