/** The Secret with the key: read as it is now, and written. */
import { CoderProvisioners } from "../../api/provisioner.ts";
import { Secrets } from "../../api/kubernetes/resources.ts";
import type { Secret } from "../../api/kubernetes/types.ts";
import type { ObjectKey } from "../../api/object.ts";
import { ForeignObjectError } from "../../kube/applier.ts";
import { type Claim, claim } from "../../kube/apply/ownership.ts";
import { isNotFound } from "../../kube/errors.ts";
import { applyChild } from "../../operator/children/apply_child.ts";
import { ownSecret } from "../../operator/visit/own_secret.ts";
import { childLabels, keySecretName } from "../children.ts";
import { secretAnnotations, type SecretView, secretView } from "../keys/mod.ts";
import type { Visit, VisitTools } from "./visit.ts";

/** What was read of a Secret, and which version of it. */
export interface KnownSecret {
  /** Which key of which Secret, and for whom. */
  readonly of: string;
  readonly resourceVersion: string;
  readonly view: SecretView;
}

type Read = Pick<Visit, "key" | "object" | "provisioner" | "signal">;

/** Where the key is. */
export function secretKeyOf(
  { key: { namespace }, provisioner }: Pick<Visit, "key" | "provisioner">,
): ObjectKey {
  return { namespace, name: keySecretName(provisioner) };
}

/**
 * The Secret as it is now. Where the cache has the very version that `known` is of, that is now; only `fresh` asks all the
 * same. Throws what the API server refuses.
 */
export async function readKeySecret(
  visit: Read,
  { client, keepSecret, kinds }: Pick<VisitTools, "client" | "keepSecret" | "kinds">,
  { known, fresh = false }: { known?: KnownSecret | undefined; fresh?: boolean } = {},
): Promise<{ view: SecretView; known?: KnownSecret }> {
  const key = secretKeyOf(visit);
  const of = whatIsRead(visit);
  const cached = kinds.secrets.get(key)?.metadata.resourceVersion;
  if (!fresh && known?.of === of && known.resourceVersion === cached) return { view: known.view, known };
  let live: Secret;
  try {
    live = await client.get(Secrets, key, { signal: visit.signal });
  } catch (error) {
    if (isNotFound(error)) return { view: { state: "missing" } };
    throw error;
  }
  const view = viewOf(visit, live, keepSecret);
  return { view, known: { of, resourceVersion: live.metadata.resourceVersion ?? "", view } };
}

function whatIsRead(visit: Read): string {
  const { metadata: { uid }, spec: { key: { existingSecret, secretKey } } } = visit.provisioner;
  return JSON.stringify([secretKeyOf(visit), secretKey, existingSecret, uid]);
}

/** The content of a Secret that is not ours is never looked at, unless it is the one that the user brings. */
function viewOf(
  { object, provisioner }: Read,
  live: Secret,
  keepSecret: VisitTools["keepSecret"],
): SecretView {
  const { existingSecret, secretKey } = provisioner.spec.key;
  const isBrought = existingSecret !== undefined && existingSecret !== "";
  if (!isBrought) {
    const found = ownSecret(live, object);
    if (found.state === "none") return { state: "missing" };
    if (found.state === "foreign") return found;
  }
  const value = textOf(live, secretKey);
  if (value !== undefined) keepSecret(value);
  return secretView(value, live.metadata.annotations);
}

/** Undefined where it is not there, or is no text. White space counts: pods get it, too. */
function textOf({ data = {} }: Secret, key: string): string | undefined {
  const encoded = Object.hasOwn(data, key) ? data[key] : undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.fromBase64(encoded ?? ""));
  } catch {
    return undefined;
  }
}

/**
 * Puts a key into the Secret, and returns what it holds then. Other keys of its data stay while `keepOthers`: pods of an
 * earlier template may name them. `isNew`: there was no Secret a moment ago. Throws what the API server refuses.
 */
export async function writeKeySecret(
  visit: Visit,
  { applier, client, events, keepSecret }: VisitTools,
  { name, value, isNew, keepOthers }: { name: string; value: string; isNew: boolean; keepOthers: boolean },
): Promise<KnownSecret> {
  keepSecret(value);
  const { object, provisioner, signal } = visit;
  const key = secretKeyOf(visit);
  const before = isNew ? undefined : await existing(visit, client);
  const annotations = secretAnnotations(name, value);
  const desired: Secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { ...key, labels: childLabels(provisioner), annotations },
    type: before?.live.type ?? "Opaque",
    data: {
      ...(keepOthers && before?.claimed === "ours" && before.live.data),
      [provisioner.spec.key.secretKey]: new TextEncoder().encode(value).toBase64(),
    },
  };
  const owner = { object, signal, kind: { type: CoderProvisioners } };
  const { metadata: { resourceVersion = "" } } = await applyChild(Secrets, desired, owner, {
    applier,
    events,
  });
  return { of: whatIsRead(visit), resourceVersion, view: secretView(value, annotations) };
}

/** What is there of ours, or may be. What others put beside it stays theirs, and stays. */
async function existing(
  { key, object, provisioner, signal }: Visit,
  client: VisitTools["client"],
): Promise<{ live: Secret; claimed: Claim } | undefined> {
  try {
    const live = await client.get(Secrets, secretKeyOf({ key, provisioner }), { signal });
    return { live, claimed: claim(Secrets, live, { owner: object }) };
  } catch (error) {
    // The applier knows what is to be done about those.
    if (isNotFound(error) || error instanceof ForeignObjectError) return undefined;
    throw error;
  }
}
