/** The Secret that holds the operator's token: read where it is ours, written, removed. */
import { CoderControlPlanes } from "../../../api/control_plane.ts";
import { Secrets } from "../../../api/kubernetes/resources.ts";
import type { Secret } from "../../../api/kubernetes/types.ts";
import type { ObjectKey } from "../../../api/object.ts";
import { standardLabels } from "../../../workload/labels.ts";
import { applyChild, removeChild } from "../../../operator/children/apply_child.ts";
import { readOwnSecret, tokenIn } from "../../../operator/visit/own_secret.ts";
import { tokenSecretKey } from "../secrets.ts";
import type { Visit, VisitTools } from "../visit.ts";

/** How the Secret was found. The content of one that is not ours is never looked at. */
export type TokenSecret =
  | { readonly state: "none" }
  /** `adopt`: nobody's, and a user lets us have it. */
  | { readonly state: "held"; readonly token: string; readonly adopt: boolean }
  | { readonly state: "foreign"; readonly message: string };

/** Reads it, now. Throws what the API server refuses. */
export async function readTokenSecret(
  { object, controlPlane, signal }: Visit,
  { client }: Pick<VisitTools, "client">,
  key: ObjectKey = tokenSecretKey(controlPlane).secret,
): Promise<TokenSecret> {
  const found = await readOwnSecret(client, key, object, signal);
  if (found.state !== "ours") return found;
  const token = tokenIn(found.secret, tokenSecretKey(controlPlane).key);
  return token === "" ? { state: "none" } : { state: "held", token, adopt: found.adopt };
}

/** Puts the token into the Secret. Other keys that are in it stay. */
export async function writeTokenSecret(token: string, visit: Visit, tools: VisitTools): Promise<void> {
  const { controlPlane, object, signal } = visit;
  const { secret, key } = tokenSecretKey(controlPlane);
  const desired: Secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { ...secret, labels: standardLabels("coder-control-plane", visit.key.name) },
    type: "Opaque",
    data: { [key]: btoa(token) },
  };
  await applyChild(Secrets, desired, { object, signal, kind: { type: CoderControlPlanes } }, tools);
}

/** Deletes the Secret `name` where it is ours. */
export async function deleteTokenSecret(name: string, visit: Visit, tools: VisitTools): Promise<void> {
  await removeChild(Secrets, { namespace: visit.key.namespace, name }, visit, tools);
}
