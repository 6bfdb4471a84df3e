/** What is to be a certificate is none. */
import { quoteNow } from "../../owner_steps.ts";
import type { Rule } from "../../types.ts";
import { replaceCertificate, showCertificate, TLS_FOLLOWS, tlsSecrets } from "./tls_secrets.ts";

/** See the file's head. */
export const certificateUnreadable: Rule = {
  id: "certificate-unreadable",
  subjects: ["controlplane", "proxy"],
  needs: ["secrets"],
  depth: 85,
  explains: [...TLS_FOLLOWS, "crash-loop"],
  docs: {
    title: "A certificate cannot be read",
    symptom: "Coder does not start with TLS, or the ingress controller shows its own certificate.",
    cause: "tls.crt of a TLS Secret holds no PEM certificate.",
    evidence: "What was tried with it.",
    remedy: "Put a PEM certificate in, the server's own first.",
  },
  find: (facts) =>
    tlsSecrets(facts).flatMap(({ about, field, secret }) => {
      const { certificateProblem: problem } = secret;
      if (problem === undefined) return [];
      return [{
        cause: `The certificate in ${about} (${field}) cannot be read: ${problem}.`,
        confidence: "certain",
        evidence: [quoteNow(facts, `tls.crt of ${about}`, problem)],
        next: [replaceCertificate(secret), showCertificate(secret)],
      }];
    }),
};
