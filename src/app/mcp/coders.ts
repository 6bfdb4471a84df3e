/** Coder as callers of the MCP server: with tokens for those whom Coder knows. */
import { CoderAs } from "../../aggregated/resources/coder_as.ts";
import type { KubeUser } from "../../identity/mod.ts";
import {
  backendCoders,
  CallerTokens,
  changesAs,
  type CoderBackend,
  type CodersFor,
} from "../../mcp/coder/mod.ts";
import type { Runnable } from "../../reconciler/runnable.ts";
import type { Core } from "../part.ts";

/** Those that are known. */
export interface KnownCoders {
  list(): readonly CoderBackend[];
  inNamespace(namespace: string): readonly CoderBackend[];
}

export interface McpCoders {
  /** See `Visitor.coders`. */
  readonly codersFor: CodersFor;
  /** For requests to the storages of this process: what they change in Coder is changed as the caller. */
  carriesFor(user: KubeUser): CoderAs;
  /** Deletes tokens that nobody needs. */
  readonly runnable: Runnable;
  /** To be run when nothing is served any more. */
  readonly flush: { readonly name: string; run(): Promise<void> };
}

/** Makes it; nothing is asked before the first call. */
export function mcpCoders(
  { config, redactor, log, metrics }: Pick<Core, "config" | "redactor" | "log" | "metrics">,
  backends: KnownCoders,
): McpCoders {
  const { coderUserMapping: mapping, coderUserPrefix: prefix, mcpNamespaces: namespaces } = config;
  const tokens = new CallerTokens({
    rule: { mapping, prefix },
    keepSecret: (token) => redactor.add(token),
    log: log.child({ part: "mcp" }),
    metrics,
  });
  return {
    codersFor: backendCoders({
      backends,
      tokens,
      isServed: (namespace) => namespaces.length === 0 || namespaces.includes(namespace),
    }),
    carriesFor: (user) => new CoderAs(changesAs(tokens, { user })),
    runnable: { name: "tokens of MCP callers", phase: "serving", run: (signal) => tokens.run(signal) },
    flush: { name: "tokens of MCP callers", run: () => tokens.close() },
  };
}
