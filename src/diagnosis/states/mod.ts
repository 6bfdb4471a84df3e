/** How the state of each kind is said in one sentence. */
import type { SubjectKind } from "../subject.ts";
import { controlPlaneState } from "./control_plane.ts";
import { provisionerState } from "./provisioner.ts";
import { proxyState } from "./proxy.ts";
import type { StateTeller } from "./teller.ts";
import { workspaceState } from "./workspace.ts";

export const STATES: Readonly<Record<SubjectKind, StateTeller>> = {
  workspace: workspaceState,
  controlplane: controlPlaneState,
  provisioner: provisionerState,
  proxy: proxyState,
};
