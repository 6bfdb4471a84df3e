/**
 * What comes next for certificates that we manage ourselves: a pure function of what is there, the time, and the names
 * that are needed. An authority is followed by another in three steps, with time in between for everyone to learn of it:
 * the next one is trusted first, then it signs, then the old one is no longer trusted.
 */
import { X509Certificate } from "node:crypto";
import { objectionToKeyPair } from "../http/tls.ts";
import { BACKDATED_MS, issueAuthority, type IssuedPair, issueServing } from "./issue.ts";

/** Everything that replicas share. */
export interface Certificates {
  /** Signs what is served. */
  readonly authority: IssuedPair;
  /** What is served. */
  readonly serving: IssuedPair;
  /** Will sign soon; trusted already. */
  readonly next?: IssuedPair;
  /** Has signed until lately; still trusted. PEM. */
  readonly previous?: string;
}

export interface RotationOptions {
  readonly dnsNames: readonly string[];
  /** How long authorities are valid, in milliseconds. @default {two years} */
  readonly authorityMs?: number;
  /** How long serving certificates are valid, in milliseconds. @default {90 days} */
  readonly servingMs?: number;
  /** How long everyone has to learn of a new authority, and of what it signed, in milliseconds. @default {1 hour} */
  readonly overlapMs?: number;
  /** Whether everyone trusts what {@linkcode bundleOf} says: before that the next authority signs nothing. */
  readonly isTrusted: boolean;
}

const DAY_MS = 86_400_000;
const NAME = "coder-k8s-apiserver-ca";

/** All that clients have to trust, PEM. */
export function bundleOf({ authority, next, previous }: Certificates): string {
  return [authority.certPem, next?.certPem, previous].filter((pem) => pem !== undefined)
    .map((pem) => `${pem.trim()}\n`).join("");
}

/**
 * What should be there now; `before` itself where that is what should be.
 *
 * @param before undefined: nothing that can be used
 * @param now milliseconds since 1970
 */
export async function rotate(
  before: Certificates | undefined,
  now: number,
  options: RotationOptions,
): Promise<Certificates> {
  const { dnsNames, authorityMs = 730 * DAY_MS, servingMs = 90 * DAY_MS, overlapMs = 3_600_000 } = options;
  const newAuthority = () => issueAuthority(NAME, { now, lifetimeMs: authorityMs });
  const serve = (authority: IssuedPair) => issueServing(authority, dnsNames, { now, lifetimeMs: servingMs });

  if (before === undefined || !isUsable(before, now)) {
    const authority = await newAuthority();
    return { authority, serving: await serve(authority) };
  }
  let { authority, serving, next, previous } = before;
  if (next !== undefined && options.isTrusted && ageOf(next.certPem, now) >= overlapMs) {
    previous = authority.certPem;
    authority = next;
    next = undefined;
    serving = await serve(authority);
  } else if (!isServable(serving, authority, now, dnsNames, servingMs)) {
    serving = await serve(authority);
  }
  if (previous !== undefined && serving === before.serving && ageOf(serving.certPem, now) >= overlapMs) {
    previous = undefined;
  }
  // Early enough for what it signs last to live its whole life.
  if (
    next === undefined && previous === undefined &&
    remaining(authority.certPem, now) < servingMs + 2 * overlapMs
  ) {
    next = await newAuthority();
  }
  const isSame = authority === before.authority && serving === before.serving && next === before.next &&
    previous === before.previous;
  return isSame ? before : {
    authority,
    serving,
    ...(next === undefined ? {} : { next }),
    ...(previous === undefined ? {} : { previous }),
  };
}

/** Whether anything can be built on the authorities. */
function isUsable({ authority, next, previous }: Certificates, now: number): boolean {
  return isPair(authority) && remaining(authority.certPem, now) > 0 && (next === undefined || isPair(next)) &&
    (previous === undefined || read(previous) !== undefined);
}

function isServable(
  pair: IssuedPair,
  authority: IssuedPair,
  now: number,
  dnsNames: readonly string[],
  servingMs: number,
): boolean {
  const certificate = read(pair.certPem);
  const issuer = read(authority.certPem);
  if (certificate === undefined || issuer === undefined || !isPair(pair)) return false;
  const names = new Set((certificate.subjectAltName ?? "").split(",").map((name) => name.trim()));
  return dnsNames.every((name) => names.has(`DNS:${name}`)) &&
    remaining(pair.certPem, now) > servingMs / 3 &&
    certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function isPair(pair: IssuedPair): boolean {
  return objectionToKeyPair(pair) === undefined;
}

function ageOf(certPem: string, now: number): number {
  return now - (Date.parse(read(certPem)?.validFrom ?? "") + BACKDATED_MS);
}

function remaining(certPem: string, now: number): number {
  return Date.parse(read(certPem)?.validTo ?? "") - now;
}

function read(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
