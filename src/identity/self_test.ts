/**
 * Proves that this very runtime verifies client certificates, before anything is served that relies on it: older ones
 * call every connection authorized, and say nothing.
 */
import { createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { parseCaBundle, type PeerCertificates, pemToDer, verifyClientCertificate } from "./certificates.ts";
import { headerValues } from "./identity_headers.ts";
import { type MaybeTlsSocket, peerCertificates } from "./peer.ts";
import { createThrowawayAuthority, type KeyPair } from "./throwaway_authority.ts";

/** One thing that must hold. */
export interface SelfTestCheck {
  readonly name: string;
  readonly passed: boolean;
  /** What was seen where it does not hold; empty otherwise. */
  readonly detail: string;
}

export interface SelfTestResult {
  /** False: do not serve. */
  readonly passed: boolean;
  readonly checks: readonly SelfTestCheck[];
  /** Such as `Deno 2.9.4`. */
  readonly runtime: string;
}

export interface SelfTestOptions {
  signal?: AbortSignal;
  /** Deadline of the whole test, in milliseconds; it normally takes a fifth of a second. @default {10_000} */
  timeoutMs?: number;
  /** Reads what the client of a connection showed. @default {peerCertificates} */
  readPeer?: (socket: MaybeTlsSocket) => PeerCertificates | undefined;
}

/** What the server saw of one request. */
interface Seen {
  peer: PeerCertificates | undefined;
  groups: readonly string[];
}

const COMMON_NAME = "front-proxy";
const GROUPS = ["one,two", "three"];

/**
 * Runs a server of the kind that the aggregated API uses on the loopback interface, for an authority that lives as long
 * as the test, and calls it without a certificate, with a good one, and with one of the same name from elsewhere.
 * Never rejects: what goes wrong is a check that did not pass.
 */
export async function testClientCertificates(options: SelfTestOptions = {}): Promise<SelfTestResult> {
  const checks: SelfTestCheck[] = [];
  const check = (name: string, passed: boolean, detail: string) =>
    void checks.push({ name, passed, detail: passed ? "" : detail });
  try {
    await run(check, options);
  } catch (error) {
    check("the test itself runs to its end", false, error instanceof Error ? error.message : String(error));
  }
  return {
    passed: checks.every(({ passed }) => passed),
    checks,
    runtime: `Deno ${Deno.version.deno}`,
  };
}

async function run(
  check: (name: string, passed: boolean, detail: string) => void,
  { signal, timeoutMs = 10_000, readPeer = peerCertificates }: SelfTestOptions,
): Promise<void> {
  const deadline = AbortSignal.any([
    AbortSignal.timeout(timeoutMs),
    ...(signal === undefined ? [] : [signal]),
  ]);
  const trusted = await createThrowawayAuthority("coder-k8s self-test");
  const other = await createThrowawayAuthority("coder-k8s self-test");
  const [serving, good, foreign] = await Promise.all([
    trusted.issue("localhost", "server"),
    trusted.issue(COMMON_NAME, "client"),
    other.issue(COMMON_NAME, "client"),
  ]);
  await using server = await serve(serving, trusted.certPem, readPeer, deadline);
  const call = (client: KeyPair | undefined) => server.call(client, deadline);

  const none = await call(undefined);
  check("a caller without a certificate has none", none.peer === undefined, describe(none.peer));
  const accepted = await call(good);
  const [goodDer] = pemToDer(good.certPem);
  check(
    "a certificate of the authority is authorized",
    accepted.peer?.authorized === true,
    describe(accepted.peer),
  );
  check(
    "the server sees the very certificate",
    isEqual(accepted.peer?.leaf, goodDer),
    describe(accepted.peer),
  );
  const stranger = await call(foreign);
  check(
    "a certificate of the same name from another authority is not authorized",
    stranger.peer?.authorized !== true,
    describe(stranger.peer),
  );
  check(
    "repeated headers arrive one by one",
    JSON.stringify(accepted.groups) === JSON.stringify(GROUPS),
    JSON.stringify(accepted.groups),
  );
  const leaf = { leaf: goodDer!, chain: [] };
  const own = await verifyClientCertificate(leaf, parseCaBundle(trusted.certPem), Date.now());
  check("the certificate verifies against its authority", own.verified, JSON.stringify(own));
  const elsewhere = await verifyClientCertificate(leaf, parseCaBundle(other.certPem), Date.now());
  check("it does not verify against another of the same name", !elsewhere.verified, "it verified");
}

async function serve(
  { certPem, keyPem }: KeyPair,
  caPem: string,
  readPeer: NonNullable<SelfTestOptions["readPeer"]>,
  signal: AbortSignal,
) {
  signal.throwIfAborted();
  const seen: (Seen | { error: unknown })[] = [];
  const server = createServer(
    { cert: certPem, key: keyPem, ca: [caPem], requestCert: true, rejectUnauthorized: false },
    (incoming, response) => {
      try {
        const peer = readPeer(incoming.socket as MaybeTlsSocket);
        seen.push({ peer, groups: headerValues(incoming.rawHeaders).get("x-remote-group") ?? [] });
      } catch (error) {
        seen.push({ error });
      }
      response.writeHead(204).end();
    },
  );
  await settled((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  }, signal);
  const { port } = server.address() as AddressInfo;
  return {
    async call(client: KeyPair | undefined, ends: AbortSignal): Promise<Seen> {
      const identity = client === undefined ? {} : { cert: client.certPem, key: client.keyPem };
      await settled((resolve, reject) => {
        request({
          host: "127.0.0.1",
          port,
          ca: caPem,
          agent: false,
          headers: { "X-Remote-Group": GROUPS },
          ...identity,
        }, (answer) => answer.resume().once("end", resolve).once("error", reject))
          .once("error", reject).end();
      }, ends);
      const one = seen.pop();
      if (one === undefined) throw new Error("a call was answered and not seen");
      if ("error" in one) throw one.error;
      return one;
    },
    [Symbol.asyncDispose]: () => {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Waits for what `start` begins; rejects with the signal's reason when it aborts. */
function settled(
  start: (resolve: () => void, reject: (error: Error) => void) => void,
  signal: AbortSignal,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  start(resolve, reject);
  return promise.finally(() => signal.removeEventListener("abort", onAbort));
}

function isEqual(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  return left !== undefined && right !== undefined && left.toHex() === right.toHex();
}

function describe(peer: PeerCertificates | undefined): string {
  if (peer === undefined) return "no certificate was seen";
  return `a certificate of ${peer.leaf.length} bytes was seen, authorized: ${peer.authorized}`;
}
