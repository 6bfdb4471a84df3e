/** What a pass knows of Coder and of the key, for the pods. */
import type { Deployment } from "../../api/kubernetes/types.ts";
import { templateChecksum } from "../keys/mod.ts";
import { keySecretRef } from "../children.ts";
import type { Pass } from "../step.ts";
import { type KnownFacts, liveChecksum } from "../template_facts.ts";

/** See the file's head. `live`: our Deployment as it is now. */
export function knownFacts(
  { controlPlane, object, provisioner, result }: Pick<
    Pass,
    "controlPlane" | "object" | "provisioner" | "result"
  >,
  live: Deployment | undefined,
): KnownFacts {
  // A visit for an earlier spec may have looked into another Secret than the present one names.
  const checksum = result?.generation === object.metadata.generation ? result?.checksum : undefined;
  return {
    ...(controlPlane.found && { url: controlPlane.url, image: controlPlaneImage(controlPlane) }),
    ...(checksum !== undefined && {
      key: { ...keySecretRef(provisioner), checksum: templateChecksum(checksum, liveChecksum(live)) },
    }),
  };
}

/**
 * The image that a control plane runs: daemons must not be newer than their Coder, so that those of a new version come
 * when all of its pods are there. Before it was ever rolled out, and under another operator, the spec tells.
 */
function controlPlaneImage(
  { controlPlane: { spec, status } }: Extract<Pass["controlPlane"], { found: true }>,
): string {
  return status.image || spec.image;
}
