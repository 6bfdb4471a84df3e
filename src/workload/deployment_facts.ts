/** What a Deployment's managed fields say, boiled down to a few facts that the cache keeps beside the object. */
import type { Deployment } from "../api/kubernetes/types.ts";
import { shortHash } from "../kube/apply/canonical_json.ts";
import { extractFields } from "../kube/apply/extract_fields.ts";
import { parseFields } from "../kube/apply/field_set.ts";
import { writersOf } from "../kube/apply/takeover.ts";
import { holderEntry } from "./held_fields.ts";

/** Who owns what. */
export interface DeploymentFacts {
  /** Something has written replicas through the `scale` subresource: an autoscaler, `kubectl scale`. */
  readonly scaled: boolean;
  /** The hash of the kept pod template, where one is kept. It changes when anybody changes that template. */
  readonly keptTemplate?: string;
}

/** Facts of a Deployment that nobody knows anything about. */
export const noFacts: DeploymentFacts = { scaled: false };

/** For `KindOptions.derive` of Deployments. */
export function deploymentFacts(deployment: Deployment): DeploymentFacts {
  const scaled = writersOf(deployment, ["spec", "replicas"]).some((entry) => entry.subresource === "scale");
  const kept = keptTemplateHash(deployment);
  return kept === undefined ? { scaled } : { scaled, keptTemplate: kept };
}

/** The hash of the part of the pod template that the holder owns; undefined where nothing is held. */
export function keptTemplateHash(deployment: Deployment): string | undefined {
  const held = holderEntry(deployment);
  if (held === undefined) return undefined;
  return shortHash(extractFields(deployment, parseFields(held.fieldsV1)).spec?.template);
}
