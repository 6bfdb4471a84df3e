/** What this runtime's TLS server really does with client certificates, asked by other programs than its own client. */
import assert from "node:assert/strict";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { parseCaBundle } from "../../src/identity/certificates.ts";
import { createAuthenticator, type MaybeTlsSocket, peerCertificates } from "../../src/identity/mod.ts";
import { createAuthority, issueCertificate, type KeyPair } from "../cluster/mod.ts";
import { buildProgram, needGo } from "../cluster/go_build.ts";

interface TlsServer extends AsyncDisposable {
  readonly address: string;
  /** For each request: the end of the leaf's bytes, what TLS says of it, and who is calling after all. */
  readonly seen: { leaf: string | undefined; authorized: boolean | undefined; who: string }[];
}

/** A server whose front proxy has a certificate of `authority`; it answers whoever comes. */
async function serve(authority: KeyPair): Promise<TlsServer> {
  const serving = await issueCertificate(authority, {
    commonName: "localhost",
    ipAddresses: ["127.0.0.1"],
    usage: ["server"],
  });
  const seen: TlsServer["seen"] = [];
  const authenticate = createAuthenticator({
    reviewToken: () => Promise.resolve(undefined),
    config: {
      hasSynced: true,
      current: {
        requestHeader: {
          ca: parseCaBundle(authority.certPem),
          allowedNames: ["front-proxy"],
          usernameHeaders: ["x-remote-user"],
          uidHeaders: [],
          groupHeaders: [],
          extraHeaderPrefixes: [],
        },
      },
    },
  });
  const server = createServer({
    cert: serving.certPem,
    key: serving.keyPem,
    ca: [authority.certPem],
    requestCert: true,
    rejectUnauthorized: false,
  }, async (request, response) => {
    const peer = peerCertificates(request.socket as MaybeTlsSocket);
    const answer = await authenticate({ peer, rawHeaders: request.rawHeaders });
    seen.push({
      leaf: peer?.leaf.toHex().slice(-16),
      authorized: peer?.authorized,
      who: answer.kind === "refused" ? String(answer.refusal.code) : answer.user.name,
    });
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    [Symbol.asyncDispose]() {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function ending({ certPem }: KeyPair): string {
  return Uint8Array.fromBase64(certPem.replace(/-----[^-]+-----|\s/g, "")).toHex().slice(-16);
}

/** Calls a server in TLS 1.2 and 1.3, twice each, with a certificate and whatever key. */
type Client = (address: string, certificate: KeyPair, key: KeyPair) => Promise<string[]>;

async function withClient(run: (client: Client) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "identity-tls-" });
  try {
    const path = (file: string) => join(directory, file);
    const go = { go: "go", moduleDir: join(import.meta.dirname ?? ".", "tls_client"), nice: true };
    await needGo(go, "a client that shows certificates without their key needs Go 1.26 or newer on PATH");
    await buildProgram(go, ["-trimpath"], ".", path("tls_client"));
    await run(async (address, certificate, key) => {
      await Deno.writeTextFile(path("shown.crt"), certificate.certPem);
      await Deno.writeTextFile(path("used.key"), key.keyPem);
      const args = [address, path("shown.crt"), path("used.key")];
      const { stdout } = await new Deno.Command(path("tls_client"), { args }).output();
      return new TextDecoder().decode(stdout).trim().split("\n");
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("a stolen certificate is worth nothing without its key, and a resumed session carries its own", async () => {
  await withClient(async (client) => {
    const authority = await createAuthority("ca");
    const request = { commonName: "front-proxy", usage: ["client"] as ["client"] };
    const [proxy, thief] = await Promise.all([
      issueCertificate(authority, request),
      issueCertificate(authority, request),
    ]);
    await using server = await serve(authority);
    assert.deepEqual(await client(server.address, proxy, proxy), [
      "TLS 1.2 new 204",
      "TLS 1.2 resumed 204",
      "TLS 1.3 new 204",
      "TLS 1.3 resumed 204",
    ]);
    const known = { leaf: ending(proxy), authorized: true, who: "admin" };
    assert.deepEqual(server.seen.splice(0), Array(4).fill(known));
    const refused = ["TLS 1.2 refused", "TLS 1.2 refused", "TLS 1.3 refused", "TLS 1.3 refused"];
    assert.deepEqual(await client(server.address, proxy, thief), refused);
    assert.deepEqual(server.seen, []);
  });
});

Deno.test("a certificate of another authority is refused, also on resumed sessions, which TLS calls authorized", async () => {
  await withClient(async (client) => {
    const [authority, other] = await Promise.all([createAuthority("ca"), createAuthority("ca")]);
    const stranger = await issueCertificate(other, { commonName: "front-proxy", usage: ["client"] });
    await using server = await serve(authority);
    const answers = await client(server.address, stranger, stranger);
    assert.deepEqual(server.seen.map(({ leaf }) => leaf), Array(4).fill(ending(stranger)));
    answers.forEach((answer, index) => {
      if (/ new /.test(answer)) assert.equal(server.seen[index]?.authorized, false, answer);
    });
    assert.ok(answers.some((answer) => / resumed /.test(answer)), "the test has seen resumed sessions");
    assert.deepEqual(server.seen.map(({ who }) => who), Array(4).fill("401"));
  });
});
