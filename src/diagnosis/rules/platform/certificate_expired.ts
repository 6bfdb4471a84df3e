/** A certificate is not valid any more, or not yet. */
import type { Rule } from "../../types.ts";
import {
  quoteCertificate,
  replaceCertificate,
  seeCertificates,
  TLS_FOLLOWS,
  tlsSecrets,
} from "./tls_secrets.ts";

/** See the file's head. */
export const certificateExpired: Rule = {
  id: "certificate-expired",
  subjects: ["controlplane", "proxy"],
  needs: ["secrets"],
  depth: 85,
  explains: TLS_FOLLOWS,
  docs: {
    title: "A certificate has expired",
    symptom: "Browsers, agents and provisioners refuse the connection to Coder.",
    cause: "The certificate in a TLS Secret of the spec has ended, or has not begun.",
    evidence: "Subject, issuer, names and validity of the certificate.",
    remedy: "Renew it; with cert-manager, see why that did not.",
  },
  find: (facts) =>
    tlsSecrets(facts).flatMap(({ about, field, host, secret }) => {
      const { certificate } = secret;
      if (certificate === undefined) return [];
      const isOver = Date.parse(certificate.notAfter) <= facts.now;
      const isEarly = Date.parse(certificate.notBefore) > facts.now;
      if (!isOver && !isEarly) return [];
      const whose = host === "" ? "" : ` for ${host}`;
      return [{
        cause: isOver
          ? `The certificate${whose} in ${about} (${field}) expired at ${certificate.notAfter}.`
          : `The certificate${whose} in ${about} (${field}) is not valid before ${certificate.notBefore}.`,
        confidence: "certain",
        evidence: [quoteCertificate(about, certificate)],
        next: [seeCertificates(secret), replaceCertificate(secret)],
      }];
    }),
};
