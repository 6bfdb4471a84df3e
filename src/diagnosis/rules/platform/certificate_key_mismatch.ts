/** Certificate and key do not belong together. */
import type { Rule } from "../../types.ts";
import {
  quoteCertificate,
  replaceCertificate,
  showCertificate,
  TLS_FOLLOWS,
  tlsSecrets,
} from "./tls_secrets.ts";

/** See the file's head. */
export const certificateKeyMismatch: Rule = {
  id: "certificate-key-mismatch",
  subjects: ["controlplane", "proxy"],
  needs: ["secrets"],
  depth: 85,
  explains: [...TLS_FOLLOWS, "crash-loop"],
  docs: {
    title: "Certificate and key do not belong together",
    symptom: "Coder does not start with TLS, or the ingress controller shows its own certificate.",
    cause: "tls.key of the Secret is not the private key of tls.crt, or no private key at all.",
    evidence: "Subject, issuer, names and validity of the certificate. Nothing of the key is shown.",
    remedy: "Put both in anew, from one issue.",
  },
  find: (facts) =>
    tlsSecrets(facts).flatMap(({ about, field, secret }) => {
      const { certificate } = secret;
      if (certificate?.matchesKey !== false || secret.keys["tls.key"] === 0) return [];
      return [{
        cause: `The key in ${about} (${field}) does not belong to the certificate there.`,
        confidence: "certain",
        evidence: [quoteCertificate(about, certificate)],
        next: [replaceCertificate(secret), showCertificate(secret)],
      }];
    }),
};
