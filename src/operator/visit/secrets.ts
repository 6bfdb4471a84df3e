/** Secrets that visits read: whether they changed, and what one key of them holds. */
import { Secrets } from "../../api/kubernetes/resources.ts";
import { keyText, type ObjectKey } from "../../api/object.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isNotFound } from "../../kube/errors.ts";
import type { WorkloadKinds } from "../../workload/kinds.ts";

/** A key of a Secret. */
export interface SecretKey {
  readonly secret: ObjectKey;
  readonly key: string;
}

/** A value, or why there is none. */
export type SecretValue =
  | { readonly value: string }
  | { readonly missing: "Secret" | "key" | "value"; readonly message: string };

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Reads one key, now. White space around the value does not count. Throws what the API server refuses. */
export async function readSecret(
  client: Pick<KubeClient, "get">,
  { secret, key }: SecretKey,
  signal: AbortSignal,
): Promise<SecretValue> {
  const [value] = await readSecretKeys(client, secret, [key], signal);
  return value ?? missingSecret(secret, [key]);
}

/** Reads several keys of one version of a Secret, in the order of `keys`. As {@linkcode readSecret} otherwise. */
export async function readSecretKeys(
  client: Pick<KubeClient, "get">,
  secret: ObjectKey,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<SecretValue[]> {
  try {
    const { data } = await client.get(Secrets, secret, { signal });
    return keys.map((key) => valueOf(secret, key, data ?? {}));
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return keys.map(() => missingSecret(secret, keys));
  }
}

function valueOf(secret: ObjectKey, key: string, data: Readonly<Record<string, string>>): SecretValue {
  const encoded = Object.hasOwn(data, key) ? data[key] : undefined;
  if (encoded === undefined) {
    return { missing: "key", message: `Secret ${keyText(secret)} has no key ${key}; add it` };
  }
  const value = decode(encoded)?.trim();
  if (value === undefined) {
    return { missing: "value", message: `Secret ${keyText(secret)} has no text at key ${key}; correct it` };
  }
  return value === ""
    ? { missing: "value", message: `Secret ${keyText(secret)} has nothing at key ${key}; fill it` }
    : { value };
}

function missingSecret(secret: ObjectKey, keys: readonly string[]): SecretValue {
  const what = keys.length === 1 ? `key ${keys[0]}` : `keys ${keys.join(", ")}`;
  return { missing: "Secret", message: `Secret ${keyText(secret)} does not exist; create it with ${what}` };
}

/** Undefined where it is not base64 of UTF-8. */
function decode(base64: string): string | undefined {
  try {
    return decoder.decode(Uint8Array.fromBase64(base64));
  } catch {
    return undefined;
  }
}

/** Which version of a Secret there is, for inputs of periodic steps; empty where there is none. */
export function secretVersion({ secrets }: Pick<WorkloadKinds, "secrets">, secret: ObjectKey): string {
  const { uid = "", resourceVersion = "" } = secrets.get(secret)?.metadata ?? {};
  return `${uid} ${resourceVersion}`.trim();
}
