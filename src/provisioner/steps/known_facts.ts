/** What a pass knows of Coder and of the key, for the pods. */
import type { Deployment } from "../../api/kubernetes/types.ts";
import { readRecord, templateChecksum } from "../keys/mod.ts";
import { keySecretRef } from "../children.ts";
import type { Pass } from "../step.ts";
import { type KnownFacts, liveChecksum } from "../template_facts.ts";

type Facts = Pick<Pass, "controlPlane" | "object" | "provisioner" | "result">;
type Found = Extract<Pass["controlPlane"], { found: true }>;

/** See the file's head. `live`: our Deployment as it is now. */
export function knownFacts(pass: Facts, live: Deployment | undefined): KnownFacts {
  const { controlPlane, object, provisioner, result } = pass;
  // A visit for an earlier spec may have looked into another Secret than the present one names.
  const checksum = result?.generation === object.metadata.generation ? result?.checksum : undefined;
  return {
    ...(controlPlane.found && fitsKey(controlPlane, pass) && {
      url: controlPlane.url,
      image: controlPlaneImage(controlPlane),
    }),
    ...(checksum !== undefined && {
      key: { ...keySecretRef(provisioner), checksum: templateChecksum(checksum, liveChecksum(live)) },
    }),
  };
}

/**
 * False while the key is still one of another control plane: until there is one of the new one's, pods stay where they
 * can sign in.
 */
function fitsKey({ key: { namespace, name } }: Found, { object, provisioner, result }: Facts): boolean {
  if (provisioner.spec.key.existingSecret) return true;
  const own = object.metadata.namespace ?? "";
  const { present } = result?.keys?.mine ?? readRecord(provisioner.status, own);
  const home = present?.home;
  if (home === undefined || home.name === "") return true;
  return home.namespace === namespace && home.name === name;
}

/**
 * The image that a control plane runs: daemons must not be newer than their Coder, so that those of a new version come
 * when all of its pods are there. Before it was ever rolled out, and under another operator, the spec tells.
 */
function controlPlaneImage({ controlPlane: { spec, status } }: Found): string {
  return status.image || spec.image;
}
