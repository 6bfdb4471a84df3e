/** MCP for one client on this machine, which has started the process: with the kubeconfig of the person at it. */
import { createAuthorizer } from "../../identity/mod.ts";
import { noCoder } from "../../mcp/coder/mod.ts";
import { serveMcpStdio } from "../../mcp/stdio.ts";
import type { AuditSink } from "../../mcp/surface.ts";
import { noMetrics } from "../../telemetry/metrics.ts";
import type { RunOptions } from "../app.ts";
import type { Config } from "../config.ts";
import { writesAuditFile } from "../mcp_config.ts";
import { personAt } from "../person.ts";
import { createAdmission } from "./admission.ts";
import { mcpAudit } from "./audit.ts";
import { mcpSurface } from "./mcp_surface.ts";
import { ownSecrets } from "./plans.ts";
import { mcpSessions } from "./sessions.ts";

/** Where the client is. */
export interface StdioStreams {
  readonly input: ReadableStream<Uint8Array>;
  readonly output: WritableStream<Uint8Array>;
}

/**
 * Serves until the client closes its end, or `signal` aborts. Rejects where the kubeconfig cannot be used or its API server
 * does not say who the person is.
 */
export async function runStdio(
  config: Config,
  options: RunOptions,
  streams: StdioStreams = { input: Deno.stdin.readable, output: Deno.stdout.writable },
): Promise<void> {
  const { signal, log, redactor } = options;
  const sessions = mcpSessions({ config, redactor, metrics: noMetrics, log });
  const surface = mcpSurface(config, sessions.sessions);
  const person = await personAt("mcp-stdio", config, options, {
    writes: writesAuditFile(config),
    withoutToken: () => noCoder(),
  });
  const { client, coders } = person;
  const secrets = ownSecrets({ log, metrics: noMetrics });
  const admission = createAdmission({
    settings: { isOff: true, x509: false, impersonate: false, namespaces: config.mcpNamespaces },
    client,
    authorize: createAuthorizer({ client, log }),
    coders: () => coders,
    redactor,
    log,
    metrics: noMetrics,
    cached: [],
    served: [],
  });
  // Standard output belongs to the protocol.
  const onLog: AuditSink = (record) => log.info("call", { ...record });
  const audit = config.mcpAuditLog === "-"
    ? undefined
    : mcpAudit({ config, redactor, log, metrics: noMetrics });
  const ended = new AbortController();
  const runnables = [...secrets.runnables, ...(surface.hasSessions ? [sessions.runnable] : [])];
  const beside = Promise.all(runnables.map((runnable) => runnable.run(ended.signal)));
  // Where it fails, so does the wait for it, or the end.
  beside.catch(() => {});
  try {
    const admitted = await admission.admit(
      { headers: new Headers(), rawHeaders: [], peer: undefined },
      signal,
    );
    if ("refusal" in admitted) {
      throw new Error(`${admitted.refusal.message}: ${person.server}`);
    }
    if (surface.hasSessions) {
      await Promise.race([sessions.whenReady(signal), beside.then(() => signal.throwIfAborted())]);
    }
    await serveMcpStdio(
      {
        surface,
        plans: secrets.plans,
        keys: secrets.keys,
        audit: audit?.write ?? onLog,
        redaction: person.redaction,
      },
      admitted.visitor,
      { ...streams, signal, deadlineMs: config.mcpCallTimeout, log },
    );
  } finally {
    ended.abort();
    await beside;
    await audit?.flush.run();
    admission.close();
    person.close();
  }
}
