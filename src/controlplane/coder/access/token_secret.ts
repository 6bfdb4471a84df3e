/** The Secret that holds the operator's token: read where it is ours, written, removed. */
import { CoderControlPlanes } from "../../../api/control_plane.ts";
import { Secrets } from "../../../api/kubernetes/resources.ts";
import type { Secret } from "../../../api/kubernetes/types.ts";
import type { ObjectKey } from "../../../api/object.ts";
import { ForeignObjectError } from "../../../kube/applier.ts";
import { controllerOf } from "../../../kube/apply/owner_references.ts";
import { claim } from "../../../kube/apply/ownership.ts";
import { isNotFound } from "../../../kube/errors.ts";
import { standardLabels } from "../../../workload/labels.ts";
import { recordApply } from "../../../operator/children/child_events.ts";
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
  let live: Secret;
  try {
    live = await client.get(Secrets, key, { signal });
  } catch (error) {
    if (isNotFound(error)) return { state: "none" };
    throw error;
  }
  // An earlier control plane of this name left it: the applier removes it before it makes ours.
  const controller = controllerOf(live);
  const { kind, metadata: { name, uid } } = object;
  if (controller?.kind === kind && controller.name === name && controller.uid !== uid) {
    return { state: "none" };
  }
  try {
    const claimed = claim(Secrets, live, { owner: object });
    const token = textOf(live, tokenSecretKey(controlPlane).key);
    return token === "" ? { state: "none" } : { state: "held", token, adopt: claimed === "adopt" };
  } catch (error) {
    if (!(error instanceof ForeignObjectError)) throw error;
    return { state: "foreign", message: error.message };
  }
}

/** Empty where it is not there, or is no text. */
function textOf({ data = {} }: Secret, key: string): string {
  const encoded = Object.hasOwn(data, key) ? data[key] : undefined;
  try {
    return atob(encoded ?? "").trim();
  } catch {
    return "";
  }
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
  const { outcome } = await tools.applier.apply(Secrets, desired, {
    owner: object,
    ownerType: CoderControlPlanes,
    signal,
  });
  recordApply(tools.events, object, { kind: "Secret", metadata: secret }, outcome);
}

/** Deletes the Secret `name` where it is ours. */
export async function deleteTokenSecret(name: string, visit: Visit, tools: VisitTools): Promise<void> {
  const { key: { namespace }, object, signal } = visit;
  if (await tools.applier.deleteOwned(Secrets, { namespace, name }, object, signal)) {
    tools.events.event(object, "Normal", "Deleted", `Deleted Secret ${name}`, "Delete");
  }
}
