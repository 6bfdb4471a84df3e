/** Certificates of a cluster: two authorities, and whatever they sign. ECDSA P-256 throughout. */
import "reflect-metadata"; // @peculiar/x509 depends on it and does not load it itself
import * as x509 from "@peculiar/x509";

/** A certificate and its private key, PEM (PKCS #8). */
export interface KeyPair {
  certPem: string;
  keyPem: string;
}

/** What a certificate says. */
export interface CertificateRequest {
  /** CN: the user name of a client certificate. */
  commonName: string;
  /** O: the groups of a client certificate. @default none */
  organizations?: string[];
  /** Subject alternative names, DNS. @default none */
  dnsNames?: string[];
  /** Subject alternative names, IP addresses. @default none */
  ipAddresses?: string[];
  /** What it may be used for. */
  usage: ("server" | "client")[];
  /** How long it is valid from now, in milliseconds; negative means that it has expired. @default ten years */
  validForMs?: number;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const TEN_YEARS_MS = 10 * 365 * 24 * 3600 * 1000;
/** Clocks of others may be a little behind. */
const CLOCK_SKEW_MS = 3600 * 1000;
const EXTENDED_KEY_USAGE = {
  server: x509.ExtendedKeyUsage.serverAuth,
  client: x509.ExtendedKeyUsage.clientAuth,
} as const;

/** A new self-signed authority. */
export async function createAuthority(commonName: string): Promise<KeyPair> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [commonName] }],
    ...validity(TEN_YEARS_MS),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certPem: certificate.toString("pem"), keyPem: await privateKeyPem(keys.privateKey) };
}

/** A certificate signed by `authority`. */
export async function issueCertificate(authority: KeyPair, request: CertificateRequest): Promise<KeyPair> {
  const issuer = new x509.X509Certificate(authority.certPem);
  const signingKey = await importPrivateKey(authority.keyPem);
  const keys = await generateKeys();
  const names: x509.JsonGeneralName[] = [
    ...(request.dnsNames ?? []).map((value) => ({ type: "dns" as const, value })),
    ...(request.ipAddresses ?? []).map((value) => ({ type: "ip" as const, value })),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [...(request.organizations ?? []).map((O) => ({ O: [O] })), { CN: [request.commonName] }],
    issuer: issuer.subjectName.toJSON(),
    ...validity(request.validForMs ?? TEN_YEARS_MS),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(request.usage.map((use) => EXTENDED_KEY_USAGE[use])),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
  });
  return { certPem: certificate.toString("pem"), keyPem: await privateKeyPem(keys.privateKey) };
}

/** DNS names under which a Service is reached; an aggregated API's certificate must carry them. */
export function serviceDnsNames(service: string, namespace: string): string[] {
  return [
    `${service}.${namespace}.svc`,
    `${service}.${namespace}.svc.cluster.local`,
    `${service}.${namespace}`,
  ];
}

/** A key pair for signing service-account tokens, both halves PEM. */
export async function createSigningKey(): Promise<{ publicKeyPem: string; privateKeyPem: string }> {
  const keys = await generateKeys();
  const spki = await crypto.subtle.exportKey("spki", keys.publicKey);
  return {
    publicKeyPem: x509.PemConverter.encode(spki, "PUBLIC KEY"),
    privateKeyPem: await privateKeyPem(keys.privateKey),
  };
}

function generateKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

function importPrivateKey(pem: string): Promise<CryptoKey> {
  const [der] = x509.PemConverter.decode(pem);
  if (!der) throw new Error("the authority's private key holds no PEM block");
  return crypto.subtle.importKey("pkcs8", der, ALGORITHM, false, ["sign"]);
}

async function privateKeyPem(key: CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");
}

function validity(validForMs: number): { notBefore: Date; notAfter: Date } {
  const end = Date.now() + validForMs;
  return { notBefore: new Date(Math.min(Date.now(), end) - CLOCK_SKEW_MS), notAfter: new Date(end) };
}

/** Positive and 15 octets long, as RFC 5280 wants it. */
function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(15));
  bytes[0] = (bytes[0] ?? 0) & 0x7f | 0x01;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
