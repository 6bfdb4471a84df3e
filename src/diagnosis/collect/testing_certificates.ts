/** Server certificates with any names and validity, for tests alone. */
import "reflect-metadata";
import * as x509 from "@peculiar/x509";

const KEYS = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY_MS = 86_400_000;

/** What the certificate says. */
export interface ServerCertificate {
  readonly names: readonly string[];
  readonly addresses?: readonly string[];
  /** Milliseconds since 1970. @default a day before `until` */
  readonly from?: number;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** PEM of a self-signed certificate and of its key. */
export async function serverCertificate(
  { names, addresses = [], until, from = until - DAY_MS }: ServerCertificate,
): Promise<{ readonly certPem: string; readonly keyPem: string }> {
  const keys = await crypto.subtle.generateKey(KEYS, true, ["sign", "verify"]) as CryptoKeyPair;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [names[0] ?? "server"] }, { O: ["Lab"] }],
    notBefore: new Date(from),
    notAfter: new Date(until),
    keys,
    signingAlgorithm: KEYS,
    extensions: [
      new x509.SubjectAlternativeNameExtension([
        ...names.map((value) => ({ type: "dns" as const, value })),
        ...addresses.map((value) => ({ type: "ip" as const, value })),
      ]),
    ],
  });
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return { certPem: certificate.toString("pem"), keyPem: x509.PemConverter.encode(pkcs8, "PRIVATE KEY") };
}
