/** What a PEM certificate says, and whether a key belongs to it. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { CertificateFacts } from "../kubernetes_facts.ts";
import { timeText } from "../core_events.ts";

/** Of a certificate, or why it cannot be read. */
export type CertificateReading =
  | { readonly certificate: CertificateFacts }
  | { readonly problem: string };

/**
 * Reads the first certificate, which is the one that a server shows.
 *
 * @param keyPem the private key beside it; undefined: there is none
 */
export function readCertificate(pem: string, keyPem: string | undefined): CertificateReading {
  try {
    const parsed = new X509Certificate(pem);
    return {
      certificate: {
        subject: nameOf(parsed.subject),
        issuer: nameOf(parsed.issuer),
        names: namesOf(parsed.subjectAltName),
        notBefore: timeText(Date.parse(parsed.validFrom)),
        notAfter: timeText(Date.parse(parsed.validTo)),
        isCA: parsed.ca,
        ...(keyPem === undefined ? {} : { matchesKey: matches(parsed, keyPem) }),
      },
    };
  } catch {
    return { problem: "it holds no PEM certificate that can be read" };
  }
}

/** Whether a certificate is good for a host, by the rules of TLS: a wildcard stands for one label, the leftmost. */
export function covers(names: readonly string[], host: string): boolean {
  const wanted = host.toLowerCase().replace(/\.$/, "");
  return names.some((name) => {
    const given = name.toLowerCase();
    if (given === wanted) return true;
    if (!given.startsWith("*.")) return false;
    const dot = wanted.indexOf(".");
    return dot > 0 && wanted.slice(dot) === given.slice(1);
  });
}

/** A key that cannot be read does not match. */
function matches(certificate: X509Certificate, keyPem: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(keyPem));
  } catch {
    return false;
  }
}

/** One line; the parts are on lines of their own in some forms. */
function nameOf(name: string | undefined): string {
  return (name ?? "").split("\n").filter((part) => part !== "").join(", ");
}

/** From `DNS:a, IP Address:::1`; other kinds of names are left out. */
function namesOf(text: string | undefined): string[] {
  return (text ?? "").split(", ").flatMap((part) => {
    const [, name] = /^(?:DNS|IP Address):(.+)$/.exec(part) ?? [];
    return name === undefined ? [] : [name];
  });
}
