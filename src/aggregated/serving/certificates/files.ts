/** A certificate from files, which somebody else renews. */
import { type Clock, systemClock } from "../../../kube/clock.ts";
import { type Logger, silentLogger } from "../../../telemetry/logger.ts";
import { objectionToKeyPair } from "../http/tls.ts";
import { type CertificateSource, CurrentCertificate } from "./source.ts";

export interface CertificateFileOptions {
  /** The chain, PEM, the server's own certificate first. */
  readonly certFile: string;
  /** Its private key, PEM. */
  readonly keyFile: string;
  /** How often the files are read, in milliseconds: mounted Secrets change without a word. @default {10_000} */
  readonly lookMs?: number;
  readonly log?: Logger;
  readonly clock?: Clock;
  /** @default {Deno.readTextFile} */
  readonly readFile?: (path: string) => Promise<string>;
}

/** Makes a source; nothing is read before `run`. */
export function createFileCertificate(options: CertificateFileOptions): CertificateSource {
  return new FileCertificate(options);
}

class FileCertificate extends CurrentCertificate implements CertificateSource {
  readonly #options: CertificateFileOptions;
  readonly #log: Logger;
  #trouble = "";

  constructor(options: CertificateFileOptions) {
    super();
    this.#options = options;
    this.#log = (options.log ?? silentLogger).child({ certFile: options.certFile, keyFile: options.keyFile });
  }

  get trouble(): string {
    return this.#trouble;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { lookMs = 10_000, clock = systemClock } = this.#options;
    while (!signal.aborted) {
      await this.#look();
      await clock.sleep(lookMs, signal).catch(() => {});
    }
  }

  async #look(): Promise<void> {
    const { certFile, keyFile, readFile = Deno.readTextFile } = this.#options;
    try {
      const [certPem, keyPem] = await Promise.all([readFile(certFile), readFile(keyFile)]);
      // Written one after the other, they do not belong together for a moment.
      const objection = objectionToKeyPair({ certPem, keyPem });
      if (objection !== undefined) {
        return this.#fail(`${certFile} and ${keyFile} cannot be used: ${objection}`);
      }
      this.#trouble = "";
      if (this.set({ certPem, keyPem })) this.#log.info("uses another serving certificate");
    } catch (error) {
      this.#fail(
        `${certFile} and ${keyFile} cannot be read: ${error instanceof Error ? error.message : error}`,
      );
    }
  }

  #fail(trouble: string): void {
    if (trouble !== this.#trouble) this.#log.warn(trouble);
    this.#trouble = trouble;
  }
}
