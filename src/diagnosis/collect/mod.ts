/** What is looked at for each kind of subject. */
import type { Looker } from "../look.ts";
import type { SubjectKind } from "../subject.ts";
import { collectControlPlane } from "./control_plane.ts";
import { collectProvisioner } from "./provisioner.ts";
import { collectProxy } from "./proxy.ts";
import { collectWorkspace } from "./workspace.ts";

/** Fills in facts by `look`, side by side where it can; at most 15 requests for any subject. Never rejects. */
export type Collector = (looker: Looker) => Promise<void>;

export const COLLECTORS: Readonly<Record<SubjectKind, Collector>> = {
  workspace: collectWorkspace,
  controlplane: collectControlPlane,
  provisioner: collectProvisioner,
  proxy: collectProxy,
};
