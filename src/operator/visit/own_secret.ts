/** Secrets that the operator keeps for an object. The content of one that is not ours is never looked at. */
import { Secrets } from "../../api/kubernetes/resources.ts";
import type { Secret } from "../../api/kubernetes/types.ts";
import type { KubeObject, ObjectKey } from "../../api/object.ts";
import { ForeignObjectError } from "../../kube/applier.ts";
import { controllerOf } from "../../kube/apply/owner_references.ts";
import { claim } from "../../kube/apply/ownership.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isNotFound } from "../../kube/errors.ts";

/** How a Secret was found. */
export type OwnSecret =
  | { readonly state: "none" }
  /** `adopt`: nobody's, and a user lets us have it. */
  | { readonly state: "ours"; readonly secret: Secret; readonly adopt: boolean }
  | { readonly state: "foreign"; readonly message: string };

/** Reads it, now. Throws what the API server refuses. */
export async function readOwnSecret(
  client: Pick<KubeClient, "get">,
  key: ObjectKey,
  owner: KubeObject,
  signal: AbortSignal,
): Promise<OwnSecret> {
  try {
    return ownSecret(await client.get(Secrets, key, { signal }), owner);
  } catch (error) {
    if (isNotFound(error)) return { state: "none" };
    throw error;
  }
}

/** Whose it is. */
export function ownSecret(secret: Secret, owner: KubeObject): OwnSecret {
  // An earlier object of this name left it: the applier removes it before it makes ours.
  const controller = controllerOf(secret);
  const { kind, metadata: { name, uid } } = owner;
  if (controller?.kind === kind && controller.name === name && controller.uid !== uid) {
    return { state: "none" };
  }
  try {
    return { state: "ours", secret, adopt: claim(Secrets, secret, { owner }) === "adopt" };
  } catch (error) {
    if (!(error instanceof ForeignObjectError)) throw error;
    return { state: "foreign", message: error.message };
  }
}

/** The text at `key`, without the white space around it; empty where it is not there, or is no text. */
export function tokenIn({ data = {} }: Secret, key: string): string {
  const encoded = Object.hasOwn(data, key) ? data[key] : undefined;
  try {
    return atob(encoded ?? "").trim();
  } catch {
    return "";
  }
}
