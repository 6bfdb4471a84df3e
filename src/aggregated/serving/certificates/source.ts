/** Where the serving certificate comes from. */
import type { Changing, ServingKeyPair } from "../http/tls.ts";

/** A certificate that is kept current. */
export interface CertificateSource extends Changing<ServingKeyPair | undefined> {
  /** What is wrong, in words; empty when all is well. The last good certificate stays in use meanwhile. */
  readonly trouble: string;
  /** Resolves once there is a certificate; rejects with the signal's reason when it aborts. */
  whenReady(signal: AbortSignal): Promise<void>;
  /** Keeps it current until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** The part that all sources share: what is current, and who wants to know. */
export class CurrentCertificate implements Changing<ServingKeyPair | undefined> {
  #current: ServingKeyPair | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #ready = Promise.withResolvers<void>();

  get current(): ServingKeyPair | undefined {
    return this.#current;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** @returns whether it is another one */
  set(pair: ServingKeyPair): boolean {
    const before = this.#current;
    if (before?.certPem === pair.certPem && before.keyPem === pair.keyPem) return false;
    this.#current = pair;
    this.#ready.resolve();
    for (const listener of [...this.#listeners]) listener();
    return true;
  }

  whenReady(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    this.#ready.promise.then(() => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    });
    return promise;
  }
}
