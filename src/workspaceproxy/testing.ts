/** Workspace proxies for unit tests. For tests alone. */
import {
  type CoderWorkspaceProxy,
  parseWorkspaceProxy,
  type WorkspaceProxy,
} from "../api/workspace_proxy.ts";

/** With defaults, in namespace `a` with name `eu`. */
export function workspaceProxy(
  spec: CoderWorkspaceProxy["spec"] = {},
  extra: Partial<CoderWorkspaceProxy["metadata"]> = {},
): WorkspaceProxy {
  return parseWorkspaceProxy({
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderWorkspaceProxy",
    metadata: { name: "eu", namespace: "a", uid: "uid-1", generation: 1, resourceVersion: "1", ...extra },
    spec,
  });
}

/** The standard labels of that proxy. */
export const LABELS = {
  "app.kubernetes.io/name": "coder-workspace-proxy",
  "app.kubernetes.io/instance": "eu",
  "app.kubernetes.io/managed-by": "coder-k8s",
};
