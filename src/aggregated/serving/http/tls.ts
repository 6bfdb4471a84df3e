/** What the TLS layer of the server needs, and when it changes. */
import { createPrivateKey, X509Certificate } from "node:crypto";

/** A certificate chain (leaf first) and the leaf's private key, PEM. */
export interface ServingKeyPair {
  readonly certPem: string;
  readonly keyPem: string;
}

/** Something that changes while the process runs. */
export interface Changing<T> {
  readonly current: T;
  /** Calls `listener` after every change. Returns the function that ends the subscription. */
  subscribe(listener: () => void): () => void;
}

/**
 * Why a pair cannot be served, in words; undefined where it can. Deno takes pairs that do not belong together, and then
 * refuses every client.
 */
export function objectionToKeyPair({ certPem, keyPem }: ServingKeyPair): string | undefined {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(certPem);
  } catch {
    return "the certificate cannot be read: it must be PEM, the server's own certificate first";
  }
  try {
    if (certificate.checkPrivateKey(createPrivateKey(keyPem))) return undefined;
  } catch {
    return "the private key cannot be read: it must be PEM, without a passphrase";
  }
  return "the private key is not that of the certificate";
}
