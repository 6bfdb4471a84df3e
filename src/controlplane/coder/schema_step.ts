/** The step `Schema`: how far Coder's database is migrated, while an upgrade is under way. */
import { conditionOf } from "../../workload/conditions.ts";
import { CLUSTER_DOMAIN } from "../../workload/urls.ts";
import type { Migration } from "../upgrade/schema.ts";
import { UPGRADING } from "../upgrade/words.ts";
import { within } from "./access/access_database.ts";
import { visitDatabase } from "./access/visit_database.ts";
import { periodicStep } from "./visit.ts";
import type { Visit, VisitStep } from "./visit.ts";

/** How the step works. */
export interface SchemaOptions {
  /** DNS domain of the cluster, in which Coder's pods look its database up. @default {"cluster.local"} */
  clusterDomain?: string;
}

/** At most so often while nothing about the upgrade changes, in milliseconds. */
const EVERY_MS = 60_000;
/** A pass waits for the answer. */
const DEADLINE_MS = 4_000;

/**
 * Makes the step. It reads one row when the state of an upgrade changes, and every minute while it lasts; in a steady state
 * nothing. Upgrades go on without it, so that a database that cannot be reached is no trouble: `Access` tells of it.
 */
export function schemaStep({ clusterDomain = CLUSTER_DOMAIN }: SchemaOptions = {}): VisitStep {
  const known = new Map<string, Migration>();
  const uidOf = ({ object }: Visit) => object.metadata.uid ?? "";
  const reading = periodicStep({
    name: "Schema",
    // Waits are spread by 20 %.
    backoff: { firstMs: 1.25 * EVERY_MS },
    inputs: (visit) => upgradeState(visit),
    async ask(visit, tools) {
      const found = await visitDatabase(visit, tools, clusterDomain);
      known.delete(uidOf(visit));
      if ("reason" in found) return EVERY_MS;
      const read = (signal: AbortSignal) => tools.database.migration(found.address, signal);
      known.set(uidOf(visit), await within(DEADLINE_MS, visit.signal, read));
      return EVERY_MS;
    },
    failed: (visit) => void known.delete(uidOf(visit)),
  });
  return {
    name: reading.name,
    async run(visit, tools) {
      if (upgradeState(visit) === undefined) known.delete(uidOf(visit));
      await reading.run(visit, tools);
      visit.migration = known.get(uidOf(visit));
    },
    forget(uid) {
      known.delete(uid);
      reading.forget?.(uid);
    },
  };
}

/**
 * What is worth a look at once where it changes; undefined where no upgrade is under way, waits or is stopped, or where the
 * operator is to stay out of this Coder.
 */
function upgradeState({ controlPlane: { spec }, object: { status } }: Visit): unknown {
  const { image, upgrade, conditions } = status ?? {};
  if (spec.operatorAccess.disabled) return undefined;
  if (upgrade === undefined && (image === undefined || image === spec.image)) return undefined;
  return {
    wanted: spec.image,
    completed: image,
    step: upgrade?.step,
    reason: conditionOf(conditions, UPGRADING)?.reason,
  };
}
