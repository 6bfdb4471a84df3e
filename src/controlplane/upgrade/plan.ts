/** What a pass does about the image: worked out before the Deployment is applied, followed while it is. */
import type { ControlPlaneStatus } from "../../api/control_plane.ts";
import type { Deployment } from "../../api/kubernetes/types.ts";
import type { Verdict } from "./gate.ts";
import { versionOfImage } from "./image.ts";
import { type RolloutState, templateImage } from "./rollout_state.ts";
import { schemaBefore } from "./schema.ts";
import type { UpgradeFacts } from "./upgrade_facts.ts";
import { compareMinor, versionText } from "./version.ts";

/** The plan of a pass. */
export interface UpgradePlan {
  readonly facts: UpgradeFacts;
  readonly verdict: Verdict;
  /** As it was before the pass. */
  readonly deployment: Deployment | undefined;
  /** The image to render; undefined only where there is nothing but the spec's. */
  readonly image: string;
  /** What the Deployment is to remember; undefined where nothing has to be. */
  readonly state: RolloutState | undefined;
  /** Another image than the rendered one is wanted, and waits. */
  readonly waiting: boolean;
}

/** The plan that keeps the image that was let through last. */
export function keepImage(
  facts: UpgradeFacts,
  verdict: Verdict,
  deployment: Deployment | undefined,
): UpgradePlan {
  const image = facts.released ?? facts.wanted;
  return { facts, verdict, deployment, image, state: facts.state, waiting: image !== facts.wanted };
}

/** The plan that lets the wanted image through. */
export function releaseImage(
  facts: UpgradeFacts,
  verdict: Verdict,
  deployment: Deployment | undefined,
  now: Date,
): UpgradePlan {
  const image = facts.wanted;
  // Before any pod has run there is no rollout to watch over, and pods may have any image.
  const remembered = deployment !== undefined && facts.hasRun;
  const to = versionOfImage(image);
  const back = to !== undefined && facts.floor !== undefined && compareMinor(to, facts.floor) < 0;
  const floor = back || facts.floor === undefined ? {} : { floor: versionText(facts.floor) };
  // Before the first image after a complete one, only pods of that one have run.
  const atRest = facts.released === facts.completed && templateImage(deployment) === facts.completed;
  const schema = atRest ? schemaBefore(facts.migration) : facts.state?.schema;
  const state = remembered
    ? {
      image,
      since: now.toISOString(),
      ...floor,
      ...(facts.othersRan && { moved: true as const }),
      ...(schema !== undefined && image !== facts.completed && { schema }),
    }
    : undefined;
  return { facts, verdict, deployment, image, state, waiting: false };
}

/** True where an image was let through and is not rolled out completely yet. */
export function isUnderWay({ facts, state }: UpgradePlan): boolean {
  return state !== undefined && state.image !== facts.completed;
}

/** The status field about an upgrade. */
export type UpgradeStatus = NonNullable<ControlPlaneStatus["upgrade"]>;
