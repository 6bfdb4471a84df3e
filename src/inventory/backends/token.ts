/** Tokens of Secrets: read when they are needed, and again when Coder does not take them. */
import { Secrets } from "../../api/kubernetes/resources.ts";
import { keyText } from "../../api/object.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isForbidden, isNotFound } from "../../kube/errors.ts";
import type { TokenReference } from "./eligibility.ts";

/** There is no token now. The message says why, and holds nothing of it. */
export class TokenError extends Error {
  override readonly name = "TokenError";
}

/** Reads one token from the API server. Throws {@linkcode TokenError} where there is none. */
export async function readToken(
  client: Pick<KubeClient, "get">,
  { secret, key }: TokenReference,
  signal: AbortSignal,
): Promise<string> {
  const what = `Secret ${keyText(secret)}`;
  let data: Readonly<Record<string, string>>;
  try {
    data = (await client.get(Secrets, secret, { signal })).data ?? {};
  } catch (error) {
    signal.throwIfAborted();
    if (isNotFound(error)) throw new TokenError(`${what}, which should hold a token, does not exist`);
    if (isForbidden(error)) {
      throw new TokenError(`${what} may not be read; grant the service account get on it`, { cause: error });
    }
    throw new TokenError(`${what} cannot be read`, { cause: error });
  }
  const token = textOf(Object.hasOwn(data, key) ? data[key] : undefined);
  if (token === "") throw new TokenError(`${what} has no token at key ${key}`);
  return token;
}

/** Empty where it is not base64 of text. */
function textOf(base64: string | undefined): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.fromBase64(base64 ?? "")).trim();
  } catch {
    return "";
  }
}
