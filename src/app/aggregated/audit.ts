/** Where it is written down who changed what: a line of the log for each entry, and a count. */
import type { AuditEntry, AuditSink } from "../../actions/mod.ts";
import type { TemplateAuditEntry } from "../../actions/templates/mod.ts";
import type { WriteAuditHook } from "../../aggregated/writing/writer.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Metrics } from "../../telemetry/metrics.ts";

export interface Audit extends AuditSink {
  template(entry: TemplateAuditEntry): void;
  /** A request, whatever came of it. */
  readonly request: WriteAuditHook;
}

/** Makes it. Lines have `audit: true` and never a secret: entries hold none, and the log removes what it knows. */
export function createAudit(log: Logger, metrics: Metrics): Audit {
  const lines = log.child({ part: "audit", audit: true });
  const count = metrics.counter(
    "coder_k8s_writes_total",
    "Changes of workspaces and templates that somebody asked for, and what goes on of them, by what came of it.",
    ["action", "result"],
  );
  const write = (action: string, result: string, entry: object) => {
    count.inc({ action, result });
    lines.info(`${action}: ${result}`, { ...entry });
  };
  return {
    write: (entry: AuditEntry) => write(entry.action, entry.result, plain(entry)),
    template: (entry) => write(entry.action, entry.result, plain(entry)),
    request: ({ user, verb, kind, key: { namespace, name }, uid, manager, changed, code, reason }) =>
      write(`${verb} ${kind}`, reason ?? "done", {
        by: user.name,
        object: { namespace, name, uid },
        manager,
        changed,
        code,
      }),
  };
}

function plain<T extends { readonly at: Date }>({ at, ...entry }: T): object {
  return { at: at.toISOString(), ...entry };
}
