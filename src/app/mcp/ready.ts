/** What the MCP port says of readiness: that of the whole process. */
import type { Health } from "../../telemetry/health.ts";

/** For `McpEndpointOptions.ready`. */
export function readyAnswer(
  health: Pick<Health, "check">,
): { readonly ready: boolean; readonly text: string } {
  const failed = health.check("readiness").filter(({ trouble }) => trouble !== "");
  const text = failed.map(({ name, trouble }) => `${name}: ${trouble}`).join("\n");
  return { ready: failed.length === 0, text: text === "" ? "ok" : text };
}
