/** By what the names of a control plane's workspaces and templates are decided: facts that no trouble of Coder changes. */
import type { CoderControlPlane } from "./control_plane.ts";
import { type Naming, NAMINGS } from "./control_plane_aggregation.ts";

/** A dot parts the names of workspaces: those of such a control plane could not be told from others. */
export function hasDot({ metadata }: Pick<CoderControlPlane, "metadata">): boolean {
  return (metadata.name ?? "").includes(".");
}

/** Whether somebody has switched the operator's access off, and with it the resources. */
export function isAccessDisabled({ spec }: Pick<CoderControlPlane, "spec">): boolean {
  return spec?.operatorAccess?.disabled === true;
}

/** `spec.aggregation.naming`; what is nothing of that kind counts as absent. */
export function namingOf({ spec }: Pick<CoderControlPlane, "spec">): Naming {
  const given: unknown = spec?.aggregation?.naming;
  return NAMINGS.find((naming) => naming === given) ?? "Auto";
}

/** One of those that wish for plain names. */
export interface Wishing {
  /** As RFC 3339. */
  readonly createdAt: string;
  /** As `namespace/name`. */
  readonly id: string;
}

/** Sorts the one first that has them: the oldest. */
export function byAge(a: Wishing, b: Wishing): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}
