/** Certificates of both ends. A client's certificate lets it in, and says nothing about who it is: its token does. */
import { ServerCredentials } from "@grpc/grpc-js";
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Logger } from "../../telemetry/logger.ts";

/** What the coordinator's port is served with. */
export interface ServerTls {
  /** PEM, the server's own certificate first. */
  readonly certPem: string;
  readonly keyPem: string;
  /** Authorities that workers must have a certificate of, PEM. Absent: they need none. */
  readonly clientCaPem?: readonly string[] | undefined;
}

/** Read anew for new connections whenever it says so. Whether workers need certificates stays as it was at the start. */
export interface ServerTlsSource {
  readonly current: ServerTls | undefined;
  /** Returns the function that ends the subscription. */
  subscribe(listener: () => void): () => void;
}

/** What a worker connects with. */
export interface ClientTls {
  /** Authorities that the coordinator's certificate is verified with, PEM. @default {the usual ones} */
  readonly caPem?: string | undefined;
  /** The worker's own certificate, where the coordinator asks for one. */
  readonly certPem?: string | undefined;
  readonly keyPem?: string | undefined;
  /** Name that the coordinator's certificate must have. @default {the host of the address} */
  readonly serverName?: string | undefined;
}

export class ReloadingCredentials extends ServerCredentials {
  readonly #unsubscribe: () => void;

  /** @throws where there is no certificate yet */
  constructor(source: ServerTlsSource, log: Logger) {
    const mustShowCertificate = source.current?.clientCaPem !== undefined;
    super({
      requestCert: mustShowCertificate,
      rejectUnauthorized: mustShowCertificate,
    }, contextOf(source));
    this.#unsubscribe = source.subscribe(() => {
      try {
        const context = contextOf(source);
        // The port itself would take anything, and then fail each connection.
        if (!new X509Certificate(context.cert).checkPrivateKey(createPrivateKey(context.key))) {
          throw new Error("the certificate and the key do not belong together");
        }
        this.updateSecureContextOptions(context);
        log.info("certificates of the workers' port are reloaded");
      } catch (error) {
        log.error("the workers' port goes on with its old certificates: the new ones cannot be used", {
          error,
        });
      }
    });
  }

  close(): void {
    this.#unsubscribe();
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

function contextOf({ current }: ServerTlsSource) {
  if (current === undefined) throw new Error("There is no certificate for the workers' port yet.");
  const { certPem, keyPem, clientCaPem } = current;
  return { cert: certPem, key: keyPem, ...(clientCaPem === undefined ? {} : { ca: [...clientCaPem] }) };
}
