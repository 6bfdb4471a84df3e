/** One X.509 certificate, read as far as deciding about it needs, and no further than it is well-formed. */
import { createHash } from "node:crypto";
import { x509 } from "./x509.ts";

/** A certificate or a bundle that cannot be used; the message says why. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
}

/** The facts of a certificate. Times are milliseconds since 1970. */
export interface Certificate {
  /** SHA-256 of the DER, lower-case hex. */
  readonly fingerprint: string;
  /** DER of the names, as hex, for comparing. */
  readonly subjectId: string;
  readonly issuerId: string;
  /** For messages. */
  readonly subjectText: string;
  readonly subject: SubjectFacts;
  readonly notBefore: number;
  readonly notAfter: number;
  /** It may sign certificates. */
  readonly isAuthority: boolean;
  /** How many certificates may stand between it and a leaf; undefined: any number. */
  readonly pathLength: number | undefined;
  /** True where what it may be used for includes proving who a client is, or is not limited at all. */
  readonly forClients: boolean;
  /** Why it cannot be part of any chain here, in words; undefined where it can. */
  readonly objection: string | undefined;
  /** Why its signature cannot be relied on, in words; of no matter for an authority that is trusted as it is. */
  readonly weakness: string | undefined;
  /** Whether `issuer`'s key made the signature. Names, times and flags are not looked at. */
  isSignedBy(issuer: Certificate): Promise<boolean>;
}

/** What a client certificate says about its holder. */
export interface SubjectFacts {
  /** CN, all of them. */
  readonly commonNames: readonly string[];
  /** O, in order. */
  readonly organizations: readonly string[];
  /** Kubernetes' attribute for a user's UID, all of them. */
  readonly uids: readonly string[];
}

/** The subject attribute in which Kubernetes keeps a user's UID. */
const UID_ATTRIBUTE = "1.3.6.1.4.1.57683.2";
const ANY_EXTENDED_KEY_USAGE = "2.5.29.37.0";
/** Extensions whose meaning is respected, or has none for a client certificate, critical or not. */
const UNDERSTOOD = new Set([
  "2.5.29.14", // subject key identifier
  "2.5.29.15", // key usage
  "2.5.29.17", // subject alternative name
  "2.5.29.18", // issuer alternative name
  "2.5.29.19", // basic constraints
  "2.5.29.31", // CRL distribution points
  "2.5.29.32", // certificate policies
  "2.5.29.35", // authority key identifier
  "2.5.29.37", // extended key usage
]);
const NAME_CONSTRAINTS = "2.5.29.30";
const STRONG_HASHES = new Set(["SHA-256", "SHA-384", "SHA-512"]);
/** Longer ones are nobody's certificate. */
const MAX_BYTES = 64 * 1024;

const implementations = new WeakMap<Certificate, x509.X509Certificate>();

/** Reads DER. @throws {CertificateError} where it is not exactly one well-formed certificate */
export function parseCertificate(der: Uint8Array): Certificate {
  if (!isOneDerSequence(der)) throw new CertificateError("it is not one DER structure");
  try {
    return readFacts(der);
  } catch (cause) {
    throw new CertificateError("it is not a well-formed X.509 certificate", { cause });
  }
}

function readFacts(der: Uint8Array): Certificate {
  const parsed = new x509.X509Certificate(der as BufferSource as ArrayBuffer);
  const constraints = parsed.getExtension(x509.BasicConstraintsExtension);
  const keyUsage = parsed.getExtension(x509.KeyUsagesExtension);
  const purposes = parsed.getExtension(x509.ExtendedKeyUsageExtension)?.usages;
  const facts: Certificate = {
    fingerprint: createHash("sha256").update(der).digest("hex"),
    subjectId: hex(parsed.subjectName.toArrayBuffer()),
    issuerId: hex(parsed.issuerName.toArrayBuffer()),
    subjectText: parsed.subject,
    subject: subjectFacts(parsed.subjectName),
    notBefore: parsed.notBefore.getTime(),
    notAfter: parsed.notAfter.getTime(),
    isAuthority: constraints?.ca === true &&
      (keyUsage === null || (keyUsage.usages & x509.KeyUsageFlags.keyCertSign) !== 0),
    pathLength: constraints?.pathLength,
    forClients: purposes === undefined ||
      purposes.some((use) => use === x509.ExtendedKeyUsage.clientAuth || use === ANY_EXTENDED_KEY_USAGE),
    objection: objectionTo(parsed),
    weakness: isStrong(parsed.signatureAlgorithm)
      ? undefined
      : `its signature algorithm is not accepted (${parsed.signatureAlgorithm.name})`,
    isSignedBy: (issuer) => isSignedBy(facts, issuer),
  };
  if (!Number.isFinite(facts.notBefore) || !Number.isFinite(facts.notAfter)) {
    throw new CertificateError("its validity is no pair of times");
  }
  implementations.set(facts, parsed);
  return facts;
}

async function isSignedBy(certificate: Certificate, issuer: Certificate): Promise<boolean> {
  const child = implementations.get(certificate);
  const parent = implementations.get(issuer);
  if (child === undefined || parent === undefined) return false;
  try {
    return await child.verify({ publicKey: parent, signatureOnly: true });
  } catch {
    // A key of another kind than the signature, or of none that this runtime knows.
    return false;
  }
}

function objectionTo(parsed: x509.X509Certificate): string | undefined {
  const types = parsed.extensions.map(({ type }) => type);
  if (new Set(types).size < types.length) return "it has an extension twice";
  if (types.includes(NAME_CONSTRAINTS)) return "it has name constraints, which are not supported";
  const unknown = parsed.extensions.find(({ type, critical }) => critical && !UNDERSTOOD.has(type));
  if (unknown !== undefined) return `it has the critical extension ${unknown.type}, which is not understood`;
  return undefined;
}

function isStrong(algorithm: { name: string; hash?: unknown }): boolean {
  if (algorithm.name === "Ed25519" || algorithm.name === "EdDSA") return true;
  const { hash } = algorithm;
  const name = typeof hash === "object" && hash !== null && "name" in hash ? hash.name : hash;
  return typeof name === "string" && STRONG_HASHES.has(name.toUpperCase());
}

function subjectFacts(name: x509.Name): SubjectFacts {
  const all = (type: string) => name.toJSON().flatMap((part) => part[type] ?? []).map(String);
  return { commonNames: all("CN"), organizations: all("O"), uids: all(UID_ATTRIBUTE) };
}

/** The library guesses at other encodings where the first byte is no SEQUENCE, and overlooks what follows one. */
function isOneDerSequence(der: Uint8Array): boolean {
  if (der.length < 4 || der.length > MAX_BYTES || der[0] !== 0x30) return false;
  const first = der[1] ?? 0;
  if (first < 0x80) return der.length === 2 + first;
  const lengthBytes = first & 0x7f;
  if (lengthBytes < 1 || lengthBytes > 3) return false;
  const length = der.subarray(2, 2 + lengthBytes).reduce((sum, byte) => sum * 256 + byte, 0);
  return der.length === 2 + lengthBytes + length;
}

function hex(bytes: ArrayBuffer): string {
  return new Uint8Array(bytes).toHex();
}
