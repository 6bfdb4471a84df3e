/** Certificates of the port that workers dial. */
import { createFileCertificate } from "../../aggregated/serving/mod.ts";
import type { ServerTls, ServerTlsSource } from "../../sessions/wire/tls.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { CoordinatorConfig } from "./config.ts";

export interface GrpcTls {
  readonly source: ServerTlsSource;
  /** Reads the files again and again. */
  run(signal: AbortSignal): Promise<void>;
}

type TlsSettings = Pick<CoordinatorConfig, "grpcTlsCertFile" | "grpcTlsPrivateKeyFile" | "grpcClientCaFile">;

/** Undefined where the port is plain text. Rejects where a file cannot be used. */
export async function grpcTls(config: TlsSettings, log: Logger): Promise<GrpcTls | undefined> {
  const { grpcTlsCertFile: certFile, grpcTlsPrivateKeyFile: keyFile, grpcClientCaFile: caFile } = config;
  if (certFile === undefined || keyFile === undefined) return undefined;
  const read = async (flag: string, file: string) => {
    try {
      return await Deno.readTextFile(file);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${flag}: ${file} cannot be read: ${why}`, { cause });
    }
  };
  const [certPem, keyPem, caPem] = await Promise.all([
    read("--grpc-tls-cert-file", certFile),
    read("--grpc-tls-private-key-file", keyFile),
    caFile === undefined ? undefined : read("--grpc-client-ca-file", caFile),
  ]);
  const certificate = createFileCertificate({ certFile, keyFile, log });
  return {
    source: {
      get current(): ServerTls {
        const { certPem: cert, keyPem: key } = certificate.current ?? { certPem, keyPem };
        return { certPem: cert, keyPem: key, ...(caPem === undefined ? {} : { clientCaPem: [caPem] }) };
      },
      subscribe: (listener) => certificate.subscribe(listener),
    },
    run: (signal) => certificate.run(signal),
  };
}
