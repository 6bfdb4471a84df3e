/** Certificates as nobody should make them, and some as everybody does. For tests alone. */
import { x509 } from "../x509.ts";
import type { PeerCertificates } from "../certificates.ts";
import { pemToDer } from "../certificates.ts";

/** A certificate with the key to sign others. */
export interface Made {
  readonly pem: string;
  readonly der: Uint8Array;
  readonly keyPem: string;
  readonly name: x509.JsonName;
  readonly keys: CryptoKeyPair;
  readonly algorithm: KeyAlgorithm;
}

/** What a certificate says; everything has a sound value for a client certificate where `authority` is absent. */
export interface CertificatePlan {
  /** @default {[{ CN: ["client"] }]} */
  name?: x509.JsonName;
  /** Who signs; absent: it signs itself. */
  issuer?: Made;
  /** It may sign others. @default {false} */
  authority?: boolean;
  pathLength?: number;
  /** Flags; null leaves the extension out. @default {what fits `authority`} */
  keyUsage?: number | null;
  /** OIDs; null leaves the extension out. @default {client authentication; none for an authority} */
  purposes?: string[] | null;
  /** Milliseconds from now. @default {-3_600_000} */
  fromMs?: number;
  /** Milliseconds from now. @default {3_600_000} */
  untilMs?: number;
  extensions?: x509.Extension[];
  /** Key, and signature of what is signed with it. @default {P-256 with SHA-256} */
  algorithm?: KeyAlgorithm;
  /** @default {new ones} */
  keys?: CryptoKeyPair;
  /** Leaves basic constraints out. @default {false} */
  withoutConstraints?: boolean;
}

export type KeyAlgorithm = EcKeyGenParams & { hash: string } | RsaHashedKeyGenParams | { name: "Ed25519" };

export const P256: KeyAlgorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
export const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
export const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
const HOUR_MS = 3_600_000;

/** Makes one certificate with a key of its own. */
export async function makeCertificate(plan: CertificatePlan = {}): Promise<Made> {
  const algorithm = plan.algorithm ?? P256;
  const keys = plan.keys ??
    await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]) as CryptoKeyPair;
  const name = plan.name ?? [{ CN: [plan.authority ? "authority" : "client"] }];
  const issuer = plan.issuer;
  const flags = x509.KeyUsageFlags;
  const { authority = false } = plan;
  const keyUsage = plan.keyUsage === undefined
    ? authority ? flags.keyCertSign : flags.digitalSignature
    : plan.keyUsage;
  const purposes = plan.purposes === undefined ? authority ? null : [CLIENT_AUTH] : plan.purposes;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: crypto.randomUUID().replaceAll("-", "").replace(/^./, "1"),
    subject: name,
    issuer: issuer?.name ?? name,
    notBefore: new Date(Date.now() + (plan.fromMs ?? -HOUR_MS)),
    notAfter: new Date(Date.now() + (plan.untilMs ?? HOUR_MS)),
    publicKey: keys.publicKey,
    signingKey: (issuer?.keys ?? keys).privateKey,
    signingAlgorithm: signing(issuer?.algorithm ?? algorithm),
    extensions: [
      ...(plan.withoutConstraints
        ? []
        : [new x509.BasicConstraintsExtension(authority, plan.pathLength, true)]),
      ...(keyUsage === null ? [] : [new x509.KeyUsagesExtension(keyUsage, true)]),
      ...(purposes === null ? [] : [new x509.ExtendedKeyUsageExtension(purposes)]),
      ...(plan.extensions ?? []),
    ],
  });
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  const pem = certificate.toString("pem");
  return {
    pem,
    der: pemToDer(pem)[0]!,
    keyPem: x509.PemConverter.encode(pkcs8, "PRIVATE KEY"),
    name,
    keys,
    algorithm,
  };
}

function signing(algorithm: KeyAlgorithm): Algorithm & { hash?: string } {
  if (algorithm.name === "Ed25519") return { name: algorithm.name };
  const own = "hash" in algorithm && typeof algorithm.hash === "string" ? algorithm.hash : "SHA-256";
  return { ...algorithm, hash: own };
}

/** An authority with a name. */
export function makeAuthority(name: string, plan: CertificatePlan = {}): Promise<Made> {
  return makeCertificate({ name: [{ CN: [name] }], authority: true, ...plan });
}

/** A client certificate with a name and groups. */
export function makeClient(
  issuer: Made,
  name: string,
  organizations: readonly string[] = [],
  plan: CertificatePlan = {},
): Promise<Made> {
  return makeCertificate({
    issuer,
    name: [...organizations.map((O) => ({ O: [O] })), { CN: [name] }],
    ...plan,
  });
}

/** What a client that shows these certificates looks like to the server. */
export function peerOf(leaf: Made, chain: readonly Made[] = [], authorized = true): PeerCertificates {
  return { leaf: leaf.der, chain: chain.map(({ der }) => der), authorized };
}
