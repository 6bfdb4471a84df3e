/** An authority for one occasion: its keys live in memory and are never written anywhere. ECDSA P-256. */
import { x509 } from "./x509.ts";

/** A certificate and its private key, PEM (PKCS #8). */
export interface KeyPair {
  readonly certPem: string;
  readonly keyPem: string;
}

export interface ThrowawayAuthority {
  readonly certPem: string;
  /** A certificate for a server at 127.0.0.1, or for a client. */
  issue(commonName: string, usage: "server" | "client"): Promise<KeyPair>;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const HOUR_MS = 3_600_000;

/** Makes an authority that is valid for one hour, and so is all that it signs. */
export async function createThrowawayAuthority(commonName: string): Promise<ThrowawayAuthority> {
  const keys = await generateKeys();
  const name = [{ CN: [commonName] }];
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name,
    ...validity(),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  return {
    certPem: authority.toString("pem"),
    async issue(subject, usage) {
      const own = await generateKeys();
      const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
      const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: serialNumber(),
        subject: [{ CN: [subject] }],
        issuer: name,
        ...validity(),
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ALGORITHM,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([usage === "server" ? serverAuth : clientAuth]),
          ...(usage === "server"
            ? [new x509.SubjectAlternativeNameExtension([{ type: "ip", value: "127.0.0.1" }])]
            : []),
        ],
      });
      const pkcs8 = await crypto.subtle.exportKey("pkcs8", own.privateKey);
      return {
        certPem: certificate.toString("pem"),
        keyPem: x509.PemConverter.encode(pkcs8, "PRIVATE KEY"),
      };
    },
  };
}

function generateKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

/** The machine's clock may be corrected while this is used. */
function validity(): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - HOUR_MS), notAfter: new Date(Date.now() + HOUR_MS) };
}

/** Positive and 16 octets long, as RFC 5280 wants it. */
function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0]! & 0x7f) | 0x01;
  return bytes.toHex();
}
