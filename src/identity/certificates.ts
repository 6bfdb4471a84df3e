/** Whether a client certificate leads to an authority of a given bundle: nothing else is trusted, not even the system. */
import { createHash } from "node:crypto";
import { x509 } from "./x509.ts";
import { type Certificate, CertificateError, parseCertificate } from "./certificate.ts";

/** Authorities that are trusted for one purpose. */
export interface CaBundle {
  /** As it came. */
  readonly pem: string;
  readonly authorities: readonly Certificate[];
}

/** What a client showed in the TLS handshake, DER. */
export interface PeerCertificates {
  readonly leaf: Uint8Array;
  /** What it sent beside the leaf, in any order; used as a bridge to an authority and never trusted by itself. */
  readonly chain: readonly Uint8Array[];
  /**
   * What the TLS layer says: the leaf leads to an authority that the server asks for. False is reason enough to refuse;
   * true proves nothing: it does not say which authority, and Deno 2.9.4 says it of every resumed session.
   */
  readonly authorized: boolean;
}

/** Who the holder of an accepted certificate is. */
export interface CertificateHolder {
  /** CN; undefined where there is none, or more than one. */
  readonly commonName: string | undefined;
  /** O. */
  readonly organizations: readonly string[];
  readonly uid?: string;
  /** SHA-256 of the leaf, lower-case hex. */
  readonly fingerprint: string;
}

/** Accepted, from when until when (milliseconds since 1970, the whole chain), or why not. */
export type Verification =
  | {
    readonly verified: true;
    readonly holder: CertificateHolder;
    readonly notBefore: number;
    readonly notAfter: number;
  }
  | { readonly verified: false; readonly why: string };

/** Certificates in one chain, leaf and authority included. */
const MAX_DEPTH = 8;
/** Certificates that a client may send beside its own. */
const MAX_SENT = 10;
/** Signatures that are checked for one leaf: each costs time, and a client chooses what it sends. */
const MAX_SIGNATURES = 32;

/**
 * Reads a bundle. Text around the certificates is ignored, as everywhere.
 *
 * @throws {CertificateError} where there is no certificate in it, or one that cannot be read
 */
export function parseCaBundle(pem: string): CaBundle {
  const blocks = [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/g)];
  if (blocks.length === 0) throw new CertificateError("there is no PEM certificate in it");
  const authorities = blocks.map(([, base64 = ""], index) => {
    try {
      return parseCertificate(Uint8Array.fromBase64(base64.replace(/\s/g, "")));
    } catch (cause) {
      const why = cause instanceof CertificateError ? cause.message : "its text is not base64";
      throw new CertificateError(`certificate ${index + 1} of ${blocks.length} cannot be read: ${why}`, {
        cause,
      });
    }
  });
  return { pem, authorities };
}

/** The certificates of a chain in PEM, as DER; for tests and tools that have files. */
export function pemToDer(pem: string): Uint8Array[] {
  return x509.PemConverter.decode(pem).map((block) => new Uint8Array(block));
}

/**
 * Verifies a leaf for client authentication, by the rules of RFC 5280 that Go's TLS servers apply: signatures, times of
 * every certificate, authority flags and path lengths, purposes down the chain, no critical extension that is not
 * understood. Stricter: name constraints, SHA-1, and leaves that are authorities themselves are refused.
 *
 * Costs about a millisecond; see {@linkcode createVerifier} for one that remembers.
 *
 * @param now milliseconds since 1970
 */
export async function verifyClientCertificate(
  peer: Pick<PeerCertificates, "leaf" | "chain">,
  bundle: CaBundle,
  now: number,
): Promise<Verification> {
  let leaf: Certificate;
  let sent: Certificate[];
  try {
    leaf = parseCertificate(peer.leaf);
    sent = peer.chain.slice(0, MAX_SENT).flatMap(parseIfPossible);
  } catch (error) {
    return refused(`the client certificate cannot be read: ${textOf(error)}`);
  }
  const objection = objectionTo(leaf, now) ?? leaf.weakness;
  if (objection !== undefined) return refused(`the client certificate was not accepted: ${objection}`);
  if (leaf.isAuthority) return refused("the client certificate is that of an authority");
  const search: Search = { bundle, sent, now, signatures: 0, why: "no trusted authority signed it" };
  const chain = await findChain([leaf], search);
  if (chain === undefined) return refused(`the client certificate was not accepted: ${search.why}`);
  return {
    verified: true,
    holder: holderOf(leaf),
    notBefore: Math.max(...chain.map(({ notBefore }) => notBefore)),
    notAfter: Math.min(...chain.map(({ notAfter }) => notAfter)),
  };
}

interface Search {
  readonly bundle: CaBundle;
  readonly sent: readonly Certificate[];
  readonly now: number;
  signatures: number;
  /** The last thing that stood in the way. */
  why: string;
}

/** Goes up from the last certificate of `chain`; authorities of the bundle first, as they end the search. */
async function findChain(chain: Certificate[], search: Search): Promise<Certificate[] | undefined> {
  const child = chain.at(-1)!;
  const trusted = search.bundle.authorities;
  for (const issuer of [...trusted, ...search.sent]) {
    if (issuer.subjectId !== child.issuerId || chain.some((one) => isSame(one, issuer))) continue;
    const isTrusted = trusted.includes(issuer);
    const objection = objectionToIssuer(issuer, chain.length, search.now) ??
      (isTrusted ? undefined : issuer.weakness);
    if (objection !== undefined) {
      search.why = `${issuer.subjectText}: ${objection}`;
      continue;
    }
    if (++search.signatures > MAX_SIGNATURES) {
      search.why = "too many certificates would have to be looked at";
      return undefined;
    }
    if (!await child.isSignedBy(issuer)) continue;
    const longer = [...chain, issuer];
    if (isTrusted) return longer;
    if (longer.length >= MAX_DEPTH) search.why = "its chain is too long";
    const found = longer.length < MAX_DEPTH ? await findChain(longer, search) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** @param below certificates below the issuer, the leaf included */
function objectionToIssuer(issuer: Certificate, below: number, now: number): string | undefined {
  if (!issuer.isAuthority) return "it may not sign certificates";
  if (issuer.pathLength !== undefined && below - 1 > issuer.pathLength) {
    return `it allows for ${issuer.pathLength} certificates between itself and a client's`;
  }
  return objectionTo(issuer, now);
}

function objectionTo(certificate: Certificate, now: number): string | undefined {
  const { notBefore, notAfter, forClients, objection } = certificate;
  if (now < notBefore) return `it is not valid before ${new Date(notBefore).toISOString()}`;
  if (now > notAfter) return `it expired on ${new Date(notAfter).toISOString()}`;
  if (!forClients) return "it is not for client authentication";
  return objection;
}

function holderOf({ subject, fingerprint }: Certificate): CertificateHolder {
  const { commonNames, organizations, uids } = subject;
  const [uid] = uids;
  return {
    commonName: commonNames.length === 1 ? commonNames[0] : undefined,
    organizations,
    ...(uids.length === 1 && uid !== undefined && uid !== "" ? { uid } : {}),
    fingerprint,
  };
}

/** A certificate that only accompanies the leaf may be anything; it is then of no use. */
function parseIfPossible(der: Uint8Array): Certificate[] {
  try {
    return [parseCertificate(der)];
  } catch {
    return [];
  }
}

function isSame(left: Certificate, right: Certificate): boolean {
  return left.fingerprint === right.fingerprint;
}

function refused(why: string): Verification {
  return { verified: false, why };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Verifies as {@linkcode verifyClientCertificate} does; an answer is remembered while it cannot change. */
export type Verifier = (peer: PeerCertificates, bundle: CaBundle) => Verification | Promise<Verification>;

/**
 * A verifier with a memory: for each connection (the object that it was given) and bundle, an answer counts until a
 * certificate of the chain expires; a refusal is looked at again after `refusalMs`. What was accepted counts for other
 * connections that show the very same certificates, too: front proxies are few, and open many.
 *
 * @param now milliseconds since 1970
 * @param maxAccepted certificates of a bundle that are remembered beyond their connection
 */
export function createVerifier(now: () => number, refusalMs = 10_000, maxAccepted = 256): Verifier {
  const known = new WeakMap<PeerCertificates, WeakMap<CaBundle, Remembered>>();
  const accepted = new WeakMap<CaBundle, Map<string, Remembered>>();

  function acceptedBefore(peer: PeerCertificates, bundle: CaBundle, at: number): Remembered | undefined {
    const before = accepted.get(bundle)?.get(idOf(peer));
    return before !== undefined && counts(before, at) ? before : undefined;
  }

  function accept(peer: PeerCertificates, bundle: CaBundle, remembered: Remembered): void {
    const all = accepted.get(bundle) ?? new Map<string, Remembered>();
    accepted.set(bundle, all.set(idOf(peer), remembered));
    if (all.size <= maxAccepted) return;
    const [oldest] = all.keys();
    if (oldest !== undefined) all.delete(oldest);
  }

  return (peer, bundle) => {
    let answers = known.get(peer);
    if (answers === undefined) known.set(peer, answers = new WeakMap());
    const at = now();
    const before = answers.get(bundle) ?? acceptedBefore(peer, bundle, at);
    if (before !== undefined && counts(before, at)) {
      answers.set(bundle, before);
      return before.answer;
    }
    const answer = verifyClientCertificate(peer, bundle, at).then((verification) => {
      const remembered: Remembered = verification.verified
        ? { answer: verification, from: verification.notBefore, until: verification.notAfter }
        : { answer: verification, from: at, until: at + refusalMs };
      answers.set(bundle, remembered);
      if (verification.verified) accept(peer, bundle, remembered);
      return verification;
    });
    answers.set(bundle, { answer, from: at, until: at + refusalMs });
    return answer;
  };
}

interface Remembered {
  answer: Verification | Promise<Verification>;
  from: number;
  until: number;
}

function counts({ from, until }: Remembered, at: number): boolean {
  return at >= from && at <= until;
}

/** Of all that was shown: other certificates beside the leaf may lead elsewhere. */
function idOf({ leaf, chain }: PeerCertificates): string {
  const hash = createHash("sha256");
  for (const certificate of [leaf, ...chain]) hash.update(`${certificate.length}:`).update(certificate);
  return hash.digest("base64");
}
