/** The client certificate of a connection. */
import type { PeerCertificates } from "./certificates.ts";

/** As much of a TLS socket of `node:tls` as is asked here; plain sockets have none of it. */
export interface MaybeTlsSocket {
  readonly authorized?: boolean;
  getPeerCertificate?(detailed: boolean): unknown;
}

/** A certificate in the form of `node:tls`, linked to the one that signed it. */
interface LinkedCertificate {
  raw?: unknown;
  issuerCertificate?: unknown;
}

/** More links than that are no chain that anybody needs. */
const MAX_LINKS = 12;

const known = new WeakMap<object, { peer: PeerCertificates | undefined }>();

/**
 * What the client of a connection showed; undefined where it showed nothing. Read once for each socket, and the same
 * object for all of its requests: it cannot change after the handshake.
 */
export function peerCertificates(socket: MaybeTlsSocket): PeerCertificates | undefined {
  const before = known.get(socket);
  if (before !== undefined) return before.peer;
  const peer = readPeer(socket);
  known.set(socket, { peer });
  return peer;
}

function readPeer(socket: MaybeTlsSocket): PeerCertificates | undefined {
  const [leaf, ...chain] = linked(socket.getPeerCertificate?.(true));
  // A runtime that does not look at client certificates may call a connection authorized that has none.
  if (leaf === undefined) return undefined;
  return { leaf, chain, authorized: socket.authorized === true };
}

function linked(first: unknown): Uint8Array[] {
  const found: Uint8Array[] = [];
  const seen = new Set<unknown>();
  for (let one = first; isLinked(one) && found.length < MAX_LINKS; one = one.issuerCertificate) {
    if (seen.has(one) || !(one.raw instanceof Uint8Array) || one.raw.length === 0) break;
    seen.add(one);
    found.push(one.raw);
  }
  return found;
}

function isLinked(value: unknown): value is LinkedCertificate {
  return typeof value === "object" && value !== null;
}
