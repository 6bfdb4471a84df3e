/** By what a caller is told from others. */
import { createHash } from "node:crypto";
import type { KubeUser } from "../../identity/mod.ts";
import type { CallerMethod, McpCaller } from "../../caller/types.ts";

/** Another for each token and certificate: who has got a new one is still the same. */
const CREDENTIAL_ID = "authentication.kubernetes.io/credential-id";

/** Somebody who calls. Equal ids mean the same user with the same groups, who proved it in the same way. */
export function mcpCaller(user: KubeUser, method: CallerMethod): McpCaller {
  return { user, method, id: idOf(user, method) };
}

const ids = new WeakMap<KubeUser, Map<CallerMethod, string>>();

function idOf(user: KubeUser, method: CallerMethod): string {
  const known = ids.get(user)?.get(method);
  if (known !== undefined) return known;
  const { name, uid, groups, extra } = user;
  const extras = Object.entries(extra).filter(([key]) => key !== CREDENTIAL_ID)
    .map(([key, values]) => [key, values.toSorted()] as const).sort(([a], [b]) => a < b ? -1 : 1);
  const text = JSON.stringify([method, name, uid ?? null, [...new Set(groups)].sort(), extras]);
  const id = createHash("sha256").update(text).digest("hex");
  ids.set(user, (ids.get(user) ?? new Map()).set(method, id));
  return id;
}
