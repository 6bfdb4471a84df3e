/** Which workspaces are somebody's own. */
import { seeAllRequest } from "../identity/workspace_sight.ts";
import { createReviewer } from "../kube/reviews.ts";
import { KubeApiError } from "../kube/errors.ts";
import { isRecord } from "../kube/rest/api_errors.ts";
import { callOptions, type PluginWorld, type Scope } from "./world.ts";

/** What can be said of it. */
export type Own =
  /** All that is shown to them: they do not see those of others. */
  | { readonly is: "all" }
  /** They see those of others; their own have this owner, if they are anybody in Coder. */
  | { readonly is: "owner"; readonly owner: string }
  | { readonly is: "unknown"; readonly user: string };

/** As Coder has usernames. */
const USERNAME = /^[a-zA-Z0-9]+(?:-[a-zA-Z0-9]+)*$/;

/**
 * Asks the API server. Who sees the workspaces of others is called in Coder what they are called in Kubernetes, without a
 * prefix such as `oidc:`; no other name is guessed.
 */
export async function ownIn(world: PluginWorld, scope: Scope, signal: AbortSignal): Promise<Own> {
  const { client } = world;
  const namespace = scope === "all" ? undefined : scope.namespace;
  const options = callOptions(world, signal);
  const { allowed } = await createReviewer({ client }).authorizeSelf(
    seeAllRequest(namespace),
    options,
  );
  if (!allowed) return { is: "all" };
  const user = await userName(world, signal);
  const owner = user.slice(user.lastIndexOf(":") + 1);
  return user.startsWith("system:") || !USERNAME.test(owner)
    ? { is: "unknown", user }
    : { is: "owner", owner };
}

async function userName(world: PluginWorld, signal: AbortSignal): Promise<string> {
  const body = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
  try {
    const path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    const answer = await world.client.raw("POST", path, { ...callOptions(world, signal), body });
    const status = isRecord(answer) ? answer["status"] : undefined;
    const user = isRecord(status) ? status["userInfo"] : undefined;
    const name = isRecord(user) ? user["username"] : undefined;
    return typeof name === "string" ? name : "";
  } catch (error) {
    // Older API servers, and those that do not allow the question.
    if (error instanceof KubeApiError) return "";
    throw error;
  }
}
