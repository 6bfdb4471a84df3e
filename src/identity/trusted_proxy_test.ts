import assert from "node:assert/strict";
import { createAuthenticator } from "./authenticate.ts";
import { parseCaBundle, type PeerCertificates } from "./certificates.ts";
import type { OidcAuthenticator } from "./oidc.ts";
import type { AuthenticationConfig } from "./request_header.ts";
import { makeAuthority, makeClient, peerOf } from "./testing/certificates.ts";
import { CertificateClock } from "./testing/reviews.ts";
import { CertificateError, ownPortConfig, type OwnPortOptions, trustedProxy } from "./trusted_proxy.ts";

const [proxyCa, clientCa, clusterProxyCa, stranger] = await Promise.all(
  ["proxies", "kubernetes", "front-proxy-ca", "stranger"].map((name) => makeAuthority(name)),
);
const proxies = trustedProxy({ caPem: proxyCa!.pem, allowedNames: ["gateway"] });
const cluster: { current: AuthenticationConfig; hasSynced: boolean } = {
  hasSynced: true,
  current: {
    clientCa: parseCaBundle(clientCa!.pem),
    requestHeader: { ...proxies, ca: parseCaBundle(clusterProxyCa!.pem), allowedNames: [] },
  },
};
const ANN = ["X-Remote-User", "ann", "X-Remote-Group", "dev", "X-Remote-Extra-Team%2Fx", "blue"];

function who(options: OwnPortOptions, oidc?: OidcAuthenticator) {
  const authenticate = createAuthenticator({
    config: ownPortConfig(options),
    clock: new CertificateClock(),
    ...(oidc === undefined ? {} : { oidc }),
  });
  return async (peer: PeerCertificates | undefined, ...rawHeaders: string[]) => {
    const answer = await authenticate({ peer, rawHeaders });
    if (answer.kind === "refused") return `${answer.refusal.code} ${answer.refusal.message}`;
    return answer.kind === "user"
      ? `${answer.method} ${answer.user.name} ${answer.user.groups}`
      : answer.kind;
  };
}

Deno.test("a trusted proxy says who is calling", async () => {
  const ask = who({ proxy: proxies });
  const gateway = peerOf(await makeClient(proxyCa!, "gateway"));
  assert.equal(await ask(gateway, ...ANN), "requestheader ann dev,system:authenticated");
  assert.equal(await ask(undefined, ...ANN), "anonymous");
  assert.equal(await ask(gateway), "anonymous");
});

Deno.test("certificates of others, and others of the same authority, speak for nobody", async () => {
  const ask = who({ proxy: proxies, cluster });
  for (const authority of [stranger!, clientCa!, clusterProxyCa!]) {
    const peer = peerOf(await makeClient(authority, "gateway"));
    assert.doesNotMatch(await ask(peer, ...ANN), /ann/);
  }
  assert.match(await ask(peerOf(await makeClient(proxyCa!, "other")), ...ANN), /^401 /);
  assert.match(
    await ask({ ...peerOf(await makeClient(proxyCa!, "gateway")), authorized: false }, ...ANN),
    /^401 /,
  );
});

Deno.test("users of the cluster come with their certificates where that is on", async () => {
  const jane = peerOf(await makeClient(clientCa!, "jane", ["ops"]));
  assert.equal(await who({ cluster })(jane, ...ANN), "x509 jane ops,system:authenticated");
  assert.equal(await who({})(jane), "anonymous");
  assert.match(await who({ proxy: proxies })(jane), /^401 /);
  assert.match(await who({ cluster: { ...cluster, hasSynced: false } })(jane), /^503 /);
});

Deno.test("a proxy whose authority signs users' certificates needs a name", async () => {
  const shared = trustedProxy({ caPem: clientCa!.pem });
  const jane = peerOf(await makeClient(clientCa!, "jane"));
  assert.equal(await who({ proxy: shared, cluster })(jane, ...ANN), "x509 jane system:authenticated");
  const named = { ...shared, allowedNames: ["gateway"] };
  const gateway = peerOf(await makeClient(clientCa!, "gateway"));
  assert.match(await who({ proxy: named, cluster })(gateway, ...ANN), /^requestheader ann/);
  assert.equal(await who({ proxy: named, cluster })(jane, ...ANN), "x509 jane system:authenticated");
});

Deno.test("what is no certificate is no authority", () => {
  assert.throws(() => trustedProxy({ caPem: "nothing" }), CertificateError);
});

Deno.test("bearer tokens go to their issuer, and nowhere where nobody takes them", async () => {
  const oidc: OidcAuthenticator = {
    isFor: (token) => token.startsWith("idp-"),
    authenticate: (token) =>
      Promise.resolve(
        token === "idp-good"
          ? { user: { name: "oidc:ann", groups: [], extra: {} } }
          : { refusal: { code: 401, reason: "Unauthorized", message: "bad token" } },
      ),
  };
  const ask = who({}, oidc);
  assert.equal(
    await ask(undefined, "Authorization", "Bearer idp-good"),
    "oidc oidc:ann system:authenticated",
  );
  assert.equal(await ask(undefined, "Authorization", "Bearer idp-bad"), "401 bad token");
  assert.equal(
    await ask(undefined, "Authorization", "Bearer x"),
    "401 the bearer token is of another issuer",
  );
  assert.equal(await who({})(undefined, "Authorization", "Bearer x"), "401 bearer tokens are not taken here");
});
