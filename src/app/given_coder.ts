/** The one Coder that somebody has said how to reach, as themselves. */
import type { CallerCoders } from "../caller/types.ts";
import { ownCoder } from "../mcp/coder/mod.ts";
import type { CoderAccess } from "./coder_calls.ts";
import type { Config } from "./config.ts";

/**
 * Undefined where they have not said where it is, or who they are.
 *
 * @param token of theirs
 */
export function givenCoder(
  { deployments }: Pick<CoderAccess, "deployments">,
  { coderUrl, coderNamespace: namespace }: Pick<Config, "coderUrl" | "coderNamespace">,
  environment: Readonly<Record<string, string>>,
  token: string | undefined,
): CallerCoders | undefined {
  const url = coderUrl ?? environment["CODER_URL"] ?? "";
  if (url === "" || token === undefined || token === "") return undefined;
  return ownCoder({ client: deployments.client("own", { url }, token), namespace });
}
