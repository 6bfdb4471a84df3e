/** What the MCP port is served with where it is HTTPS: a certificate of files, and the authorities of clients' ones. */
import { createFileCertificate } from "../../aggregated/serving/mod.ts";
import type { TlsMaterial, TlsSource } from "../../mcp/http/listener.ts";
import type { Runnable } from "../../reconciler/runnable.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { McpConfig } from "../mcp_config.ts";
import type { McpAdmission } from "./admission.ts";

export interface TlsFiles {
  readonly source: TlsSource;
  /** Reads the files, again and again. */
  readonly runnable: Runnable;
  whenReady(signal: AbortSignal): Promise<void>;
}

/** Undefined where the port is plain HTTP. */
export function tlsFiles(
  { mcpTlsCertFile: certFile, mcpTlsPrivateKeyFile: keyFile }: Pick<
    McpConfig,
    "mcpTlsCertFile" | "mcpTlsPrivateKeyFile"
  >,
  admission: Pick<McpAdmission, "authorities" | "onAuthorities">,
  log: Logger,
): TlsFiles | undefined {
  if (certFile === undefined || keyFile === undefined) return undefined;
  const certificate = createFileCertificate({ certFile, keyFile, log });
  return {
    source: {
      get current(): TlsMaterial | undefined {
        const pair = certificate.current;
        if (pair === undefined) return undefined;
        const authorities = admission.authorities();
        return { ...pair, ...(authorities.length === 0 ? {} : { clientCaPem: authorities }) };
      },
      subscribe(listener) {
        const ends = [certificate.subscribe(listener), admission.onAuthorities(listener)];
        return () => ends.forEach((end) => end());
      },
    },
    runnable: { name: "certificate of MCP", phase: "serving", run: (signal) => certificate.run(signal) },
    whenReady: (signal) => certificate.whenReady(signal),
  };
}
