/** Runs the MCP server: what it needs first, then calls, then an end in order. */
import type { AuthenticationConfigSource } from "../../identity/mod.ts";
import type { McpEndpoint } from "../../mcp/http/endpoint.ts";
import type { Runnable } from "../../reconciler/runnable.ts";
import { sleep, whenAborted } from "../../telemetry/clock.ts";
import type { Health } from "../../telemetry/health.ts";

export interface McpServerOptions {
  readonly endpoint: McpEndpoint;
  /** Throws where this runtime does not verify client certificates. Absent where none are asked for. */
  readonly proveRuntime?: ((signal: AbortSignal) => Promise<void>) | undefined;
  /** Throws where a namespace that was named is not there. */
  readonly checkNamespaces: (signal: AbortSignal) => Promise<void>;
  readonly whenKeysReady: (signal: AbortSignal) => Promise<void>;
  /** Absent: there are none. */
  readonly whenSessionsReady?: ((signal: AbortSignal) => Promise<void>) | undefined;
  readonly whenCertificateReady?: ((signal: AbortSignal) => Promise<void>) | undefined;
  /** Whose certificates count; absent where none do. `runs`: nobody else runs it. */
  readonly authentication?:
    | { readonly source: AuthenticationConfigSource; readonly runs: boolean }
    | undefined;
  readonly health: Health;
  /** How long everything is still answered after the stop was asked for, in milliseconds. */
  readonly shutdownDelayMs: number;
  /** How long calls in hand may take after that, in milliseconds. */
  readonly graceMs: number;
}

/** Adds the readiness check `mcp`. */
export function mcpServer(options: McpServerOptions): Runnable {
  const { endpoint, authentication, health } = options;
  let waitsFor = "the caches";
  health.add("readiness", "mcp", () => waitsFor === "" ? "" : `waiting for ${waitsFor}`);
  return {
    name: "MCP server",
    phase: "synced",
    async run(signal) {
      await options.proveRuntime?.(signal);
      const ended = new AbortController();
      const beside = authentication?.runs === true
        ? authentication.source.run(ended.signal)
        : Promise.resolve();
      try {
        waitsFor = "the namespaces that were named";
        await options.checkNamespaces(signal);
        waitsFor = "the keys that replicas share";
        await options.whenKeysReady(signal);
        waitsFor = "the store of sessions";
        await options.whenSessionsReady?.(signal);
        waitsFor = "a serving certificate";
        await options.whenCertificateReady?.(signal);
        if (authentication !== undefined) {
          waitsFor = "the API server's authentication settings";
          await authentication.source.whenSynced(signal);
        }
        signal.throwIfAborted();
        await endpoint.listen();
        waitsFor = "";
        await whenAborted(signal);
        // Nothing is left to wait for where nothing is in hand: streams end at once.
        if (options.shutdownDelayMs > 0) await sleep(options.shutdownDelayMs, ended.signal);
        await endpoint.drain(options.graceMs);
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        await endpoint.close();
        ended.abort();
        await beside;
      }
    },
  };
}
