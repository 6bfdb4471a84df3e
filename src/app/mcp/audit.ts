/** Where calls of the MCP server are written down. */
import { openAuditLog } from "../../mcp/audit/mod.ts";
import type { AuditSink } from "../../mcp/surface.ts";
import type { Core } from "../part.ts";

export interface McpAudit {
  readonly write: AuditSink;
  /** To be run when nothing is served any more. */
  readonly flush: { readonly name: string; run(): Promise<void> };
}

/** As `--mcp-audit-log` says. Throws where the file cannot be written to. */
export function mcpAudit(
  { config, redactor, log, metrics }: Pick<Core, "config" | "redactor" | "log" | "metrics">,
): McpAudit {
  const audit = openAuditLog(config.mcpAuditLog, {
    redactor,
    log: log.child({ part: "mcp" }),
    metrics,
  });
  return { write: audit.write, flush: { name: "records of MCP calls", run: () => audit.close() } };
}
