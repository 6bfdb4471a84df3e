/** Whether somebody may do something on a real cluster, by its own RBAC. */
import { type Cluster, waitFor } from "../cluster/mod.ts";

const REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews";

/** What is asked for; a resource may have a sub-resource behind a slash. */
export interface Deed {
  readonly verb: string;
  /** @default {""} */
  readonly group?: string;
  readonly resource: string;
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly name?: string;
}

/** Asks as nobody but the API server could: about anybody. */
export async function may(
  cluster: Cluster,
  user: string,
  { verb, group = "", resource: whole, namespace, name }: Deed,
): Promise<boolean> {
  const [resource, subresource] = whole.split("/");
  const { status } = await cluster.request("POST", REVIEWS, {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: {
      user,
      groups: groupsOf(user),
      resourceAttributes: { verb, group, resource, subresource, namespace, name },
    },
  });
  return status.allowed === true;
}

/** As the API server finds them. */
export function groupsOf(user: string): string[] {
  const account = /^system:serviceaccount:([^:]+):/.exec(user);
  const accounts = account === null ? [] : ["system:serviceaccounts", `system:serviceaccounts:${account[1]}`];
  return ["system:authenticated", ...accounts];
}

/** Waits until the API server, which hears of roles and bindings a moment after they are written, allows all of it. */
export async function untilAllowed(cluster: Cluster, user: string, deeds: readonly Deed[]): Promise<void> {
  for (const deed of deeds) {
    const { verb, resource, namespace = "all namespaces" } = deed;
    await waitFor(() => may(cluster, user, deed), {
      what: `${user} to be allowed to ${verb} ${resource} in ${namespace}`,
      timeoutMs: 120_000,
    });
  }
}
