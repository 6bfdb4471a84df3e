/** Secrets with which something is served, and the host that each of them is for. */
import type { Facts } from "../../facts.ts";
import { list, record, text } from "../../foreign.ts";
import type { CertificateFacts, SecretFacts } from "../../kubernetes_facts.ts";
import { type OwnerView, subjectOwner } from "../../owner_view.ts";
import { kubectl } from "../../pods/steps.ts";
import { valueOf } from "../../seen.ts";
import type { Evidence, NextStep } from "../../types.ts";

/** A Secret that the spec names for TLS. */
export interface TlsSecret {
  readonly owner: OwnerView;
  readonly secret: SecretFacts;
  /** `Secret lab/coder-tls` */
  readonly about: string;
  /** Such as `spec.expose.ingress.tls.secretName`. */
  readonly field: string;
  /** Who asks for it; empty where that is not told. */
  readonly host: string;
}

/** Those that were read and are there, each once. */
export function tlsSecrets(facts: Facts): TlsSecret[] {
  const owner = subjectOwner(facts);
  if (owner === undefined) return [];
  const found = (valueOf(facts.secrets) ?? [])
    .filter(({ isThere, usedBy }) => isThere && /^spec\.(?:tls|expose)\./.test(usedBy))
    .map((secret) => ({
      owner,
      secret,
      about: `Secret ${secret.namespace}/${secret.name}`,
      field: secret.usedBy,
      host: hostOf(owner, secret.usedBy),
    }));
  return [...new Map(found.map((one) => [`${one.about} ${one.host}`, one])).values()];
}

function hostOf({ spec }: OwnerView, field: string): string {
  const ingress = record(record(spec["expose"])["ingress"]);
  if (field.endsWith("wildcardSecretName")) return text(ingress["wildcardHost"]).trim();
  if (field.startsWith("spec.expose")) return text(ingress["host"]).trim();
  return accessHost(spec);
}

/** Of an access URL that is given in so many words. */
function accessHost(spec: Readonly<Record<string, unknown>>): string {
  const given = list(spec["extraEnv"]).map(record).findLast(({ name }) => name === "CODER_ACCESS_URL");
  const url = URL.parse(text(given?.["value"]));
  return url?.protocol === "https:" ? url.hostname : "";
}

/** What the certificate says. */
export function quoteCertificate(about: string, certificate: CertificateFacts): Evidence {
  const { subject, issuer, names, notBefore, notAfter } = certificate;
  const shown = names.length === 0 ? "no names" : names.slice(0, 6).join(", ");
  return {
    source: `tls.crt of ${about}`,
    at: notAfter,
    quote: `subject ${subject}; issuer ${issuer}; for ${shown}; from ${notBefore} until ${notAfter}`,
  };
}

/** Puts another certificate in. */
export function replaceCertificate({ namespace, name }: SecretFacts): NextStep {
  return {
    text: "Put a new certificate and its key in (with cert-manager, see why it does not).",
    command: `${kubectl(namespace, "create", "secret", "tls", name)} --cert=tls.crt --key=tls.key ` +
      `--dry-run=client -o yaml | ${kubectl(namespace, "apply", "-f", "-")}`,
  };
}

/** Shows the certificate, which is no secret. */
export function showCertificate({ namespace, name }: SecretFacts): NextStep {
  return {
    text: "See what the certificate says.",
    command: `${kubectl(namespace, "get", "secret", name)} -o jsonpath='{.data.tls\\.crt}' | base64 -d | ` +
      "openssl x509 -noout -subject -issuer -dates -ext subjectAltName",
  };
}

/** Asks cert-manager, where it is there. */
export function seeCertificates({ namespace }: SecretFacts): NextStep {
  return {
    text: "Where cert-manager makes it, see why it is not renewed.",
    command: kubectl(namespace, "describe", "certificates,certificaterequests"),
  };
}

/** What people cannot reach then. */
export const TLS_FOLLOWS: readonly string[] = [
  "agent-never-connected",
  "coder-unreachable",
  "proxy-unhealthy",
  "proxy-unreachable",
];
