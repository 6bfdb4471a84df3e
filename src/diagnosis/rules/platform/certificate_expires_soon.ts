/** A certificate ends soon, and nobody has renewed it. */
import type { Rule } from "../../types.ts";
import { quoteCertificate, replaceCertificate, seeCertificates, tlsSecrets } from "./tls_secrets.ts";

const WEEK_MS = 7 * 86_400_000;
/** Of its whole life: short-lived certificates are renewed late. */
const LAST_PART = 0.2;

/** See the file's head. */
export const certificateExpiresSoon: Rule = {
  id: "certificate-expires-soon",
  subjects: ["controlplane", "proxy"],
  needs: ["secrets"],
  depth: 10,
  docs: {
    title: "A certificate expires within a week",
    symptom: "Nothing yet.",
    cause: "The certificate in a TLS Secret of the spec ends within seven days, and no new one is there.",
    evidence: "Subject, issuer, names and validity of the certificate.",
    remedy: "Renew it.",
  },
  find: (facts) =>
    tlsSecrets(facts).flatMap(({ about, field, secret }) => {
      const { certificate } = secret;
      if (certificate === undefined) return [];
      const [from, until] = [Date.parse(certificate.notBefore), Date.parse(certificate.notAfter)];
      const left = until - facts.now;
      if (!(left > 0) || left > Math.min(WEEK_MS, (until - from) * LAST_PART)) return [];
      const days = Math.floor(left / 86_400_000);
      return [{
        cause: `The certificate in ${about} (${field}) expires at ${certificate.notAfter}, in ${
          days === 0 ? "less than a day" : days === 1 ? "1 day" : `${days} days`
        }, and has not been renewed.`,
        confidence: "possible",
        evidence: [quoteCertificate(about, certificate)],
        next: [seeCertificates(secret), replaceCertificate(secret)],
      }];
    }),
};
