/** All kinds of `coder.com/v1alpha1`. */
import { controlPlaneDefinition } from "./control_plane.ts";
import type { KindDefinition } from "./definition.ts";
import { provisionerDefinition } from "./provisioner.ts";
import { workspaceProxyDefinition } from "./workspace_proxy.ts";

/** In the order in which they are best installed. */
export const kindDefinitions: readonly KindDefinition[] = [
  controlPlaneDefinition,
  provisionerDefinition,
  workspaceProxyDefinition,
];
