/** Secrets that callers refer to, for those who could read them themselves. */
import { Secrets } from "../../api/kubernetes/resources.ts";
import type { ObjectKey } from "../../api/object.ts";
import type { WriteWorld } from "../../aggregated/resources/write_world.ts";
import { StatusError } from "../../aggregated/serving/status_errors.ts";
import type { Authorizer, KubeUser } from "../../identity/mod.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isNotFound } from "../../kube/errors.ts";

export interface SecretReaderOptions {
  readonly client: Pick<KubeClient, "get">;
  readonly authorize: Authorizer;
  /** Called for every text in them, so that no log has it. */
  keepSecret(value: string): void;
}

export interface SecretReader {
  /** Rejects with `StatusError` 403 where the caller may not get it, whether it is there or not. */
  check(secret: ObjectKey, caller: KubeUser, signal: AbortSignal): Promise<void>;
  /** Its data, decoded; undefined where there is none. Nobody is asked whether anybody may. */
  data(secret: ObjectKey, signal: AbortSignal): Promise<ReadonlyMap<string, Uint8Array> | undefined>;
  /** See {@linkcode WriteWorld.secretValue}. */
  readonly value: WriteWorld["secretValue"];
}

/** Keys of what is no secret: names of users would be taken out of every line of the log. */
const OPEN: ReadonlySet<string> = new Set(["username", "known_hosts", "ca.crt", "identity.pub"]);

/** Makes it. */
export function createSecretReader({ client, authorize, keepSecret }: SecretReaderOptions): SecretReader {
  const check: SecretReader["check"] = async ({ namespace, name }, caller, signal) => {
    const may = await authorize(
      caller,
      { verb: "get", group: "", version: "v1", resource: "secrets", namespace, name },
      signal,
    );
    if (may.allowed) return;
    const { code, reason, message, retryAfterSeconds } = may.refusal;
    // That nobody could be asked is no refusal.
    if (code !== 403) {
      const details = retryAfterSeconds === undefined ? undefined : { retryAfterSeconds };
      throw new StatusError(code, reason, message, details);
    }
    const what = `the Secret ${namespace}/${name}`;
    throw new StatusError(403, "Forbidden", `${what} is referred to, which you may not get`);
  };

  const data: SecretReader["data"] = async (secret, signal) => {
    try {
      const { data = {} } = await client.get(Secrets, secret, { signal });
      const decoded = Object.entries(data).map(([key, value]) =>
        [key, Uint8Array.fromBase64(value)] as const
      );
      for (const [key, bytes] of decoded) {
        const text = OPEN.has(key) ? undefined : textOf(bytes);
        if (text !== undefined && text !== "") keepSecret(text);
      }
      return new Map(decoded);
    } catch (error) {
      signal.throwIfAborted();
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };

  return {
    check,
    data,
    async value({ namespace, name, key }, caller, signal) {
      await check({ namespace, name }, caller, signal);
      const what = `the Secret ${namespace}/${name}`;
      const values = await data({ namespace, name }, signal);
      if (values === undefined) {
        throw new StatusError(422, "Invalid", `${what} is referred to, and does not exist`);
      }
      const text = textOf(values.get(key));
      if (text === undefined) throw new StatusError(422, "Invalid", `${what} has no text at key ${key}`);
      return text;
    },
  };
}

function textOf(bytes: Uint8Array | undefined): string | undefined {
  try {
    return bytes === undefined ? undefined : new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
