/** A certificate authority for tests. */
import "reflect-metadata";
import * as x509 from "@peculiar/x509";

/** PEM of an authority that is valid until `until`, in milliseconds since 1970. */
export async function newAuthority(until: number): Promise<string> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=test",
    notBefore: new Date(until - 3_600_000),
    notAfter: new Date(until),
    keys,
    signingAlgorithm: algorithm,
  });
  return certificate.toString("pem");
}
