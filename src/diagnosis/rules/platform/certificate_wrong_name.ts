/** A certificate is for other hosts than the one that it is shown for. */
import { covers } from "../../collect/certificate.ts";
import { editOwner } from "../../owner_steps.ts";
import type { Rule } from "../../types.ts";
import {
  quoteCertificate,
  replaceCertificate,
  showCertificate,
  TLS_FOLLOWS,
  tlsSecrets,
} from "./tls_secrets.ts";

/** See the file's head. */
export const certificateWrongName: Rule = {
  id: "certificate-wrong-name",
  subjects: ["controlplane", "proxy"],
  needs: ["secrets"],
  depth: 85,
  explains: TLS_FOLLOWS,
  docs: {
    title: "A certificate is for another name",
    symptom: "Browsers, agents and provisioners refuse the connection to Coder, or to workspace apps.",
    cause: "No name of the certificate in a TLS Secret covers the host that the spec uses it for.",
    evidence: "Subject, issuer, names and validity of the certificate.",
    remedy: "Use a certificate for that host (a wildcard covers one level), or correct the host.",
  },
  find(facts) {
    const all = tlsSecrets(facts);
    return all.flatMap(({ about, field, host, owner, secret }) => {
      const { certificate } = secret;
      if (certificate === undefined || host === "") return [];
      // Coder shows whichever of its certificates fits.
      const others = all.filter((one) => one.host === host).map((one) => one.secret.certificate?.names ?? []);
      if (others.some((names) => covers(names, host))) return [];
      const names = certificate.names.length === 0
        ? "no host at all"
        : certificate.names.slice(0, 4).join(", ");
      return [{
        cause: `The certificate in ${about} (${field}) does not cover ${host}: it is for ${names}.`,
        confidence: "certain",
        evidence: [quoteCertificate(about, certificate)],
        next: [
          showCertificate(secret),
          replaceCertificate(secret),
          editOwner(owner, "Or correct the host, or name another Secret."),
        ],
      }];
    });
  },
};
