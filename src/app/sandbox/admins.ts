/** Who may see what is everybody's. */
import type { McpCaller } from "../../caller/types.ts";
import { CODER_PREFIX } from "./coder_callers.ts";
import type { CoordinatorConfig } from "./config.ts";

/**
 * By name or, for Coder's users, by `coder:<user id>`, which stays theirs whatever they call themselves. Where nobody has to
 * prove anything, whoever reaches the port has started the process.
 */
export function isAdmin(
  { admins }: Pick<CoordinatorConfig, "admins">,
  { user, method }: Pick<McpCaller, "user" | "method">,
): boolean {
  if (method === "process" || admins.includes(user.name)) return true;
  return method === "coder" && user.uid !== undefined && admins.includes(CODER_PREFIX + user.uid);
}
