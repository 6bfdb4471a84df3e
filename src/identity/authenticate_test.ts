import assert from "node:assert/strict";
import { KubeApiError, KubeConnectionError } from "../kube/errors.ts";
import { CountingMetrics } from "../kube/testing/counting_metrics.ts";
import { recordingLogger } from "../kube/testing/recording_logger.ts";
import { type Authentication, createAuthenticator } from "./authenticate.ts";
import { parseCaBundle, type PeerCertificates } from "./certificates.ts";
import type { AuthenticationConfig, RequestHeaderConfig } from "./request_header.ts";
import { type Made, makeAuthority, makeClient, peerOf, SERVER_AUTH } from "./testing/certificates.ts";
import { CertificateClock } from "./testing/reviews.ts";
import type { TokenReviewer } from "./token_review.ts";
import type { KubeUser } from "./user.ts";

const [clientCa, proxyCa, strangerCa] = await Promise.all([
  makeAuthority("client-ca"),
  makeAuthority("proxy-ca"),
  makeAuthority("stranger-ca"),
]);
const proxy = await makeClient(proxyCa, "front-proxy");

function configOf(changes: Partial<RequestHeaderConfig> = {}): AuthenticationConfig {
  return {
    clientCa: parseCaBundle(clientCa.pem),
    requestHeader: {
      ca: parseCaBundle(proxyCa.pem),
      allowedNames: ["front-proxy"],
      usernameHeaders: ["x-remote-user"],
      uidHeaders: ["x-remote-uid"],
      groupHeaders: ["x-remote-group"],
      extraHeaderPrefixes: ["x-remote-extra-"],
      ...changes,
    },
  };
}

const bob: KubeUser = { name: "bob", uid: "9", groups: ["sa"], extra: {} };

interface RigOptions {
  current?: AuthenticationConfig;
  hasSynced?: boolean;
  reviewToken?: TokenReviewer;
}

function rig(options: RigOptions = {}) {
  const config = { current: options.current ?? configOf(), hasSynced: options.hasSynced ?? true };
  const tokens: string[] = [];
  const clock = new CertificateClock();
  const { logger, lines } = recordingLogger();
  const metrics = new CountingMetrics();
  const authenticate = createAuthenticator({
    config,
    clock,
    log: logger,
    metrics,
    reviewToken: (token, signal) => {
      tokens.push(token);
      return options.reviewToken?.(token, signal) ?? Promise.resolve(token === "good" ? bob : undefined);
    },
  });
  return {
    config,
    tokens,
    clock,
    lines,
    metrics,
    authenticate: (peer: PeerCertificates | undefined, ...rawHeaders: string[]) =>
      authenticate({ peer, rawHeaders }),
    authenticateUntil: (signal: AbortSignal, ...rawHeaders: string[]) =>
      authenticate({ peer: undefined, rawHeaders }, signal),
  };
}

/** `method name groups…`, `anonymous`, or `code message`. */
function text(answer: Authentication): string {
  if (answer.kind === "refused") return `${answer.refusal.code} ${answer.refusal.message}`;
  if (answer.kind === "anonymous") return "anonymous";
  return [answer.method, answer.user.name, ...answer.user.groups].join(" ");
}

const jane = ["X-Remote-User", "jane", "X-Remote-Group", "dev"];
const token = (value: string) => ["Authorization", `Bearer ${value}`];

Deno.test("the front proxy says who is calling", async () => {
  const { authenticate, metrics } = rig();
  const headers = [...jane, "X-Remote-Uid", "7", "X-Remote-Extra-Scopes", "view"];
  assert.deepEqual(await authenticate(peerOf(proxy), ...headers), {
    kind: "user",
    method: "requestheader",
    user: { name: "jane", uid: "7", groups: ["dev", "system:authenticated"], extra: { scopes: ["view"] } },
  });
  assert.equal(
    metrics.get("coder_k8s_authentications_total", { method: "requestheader", result: "user" }),
    1,
  );
});

Deno.test("an equal name signed by client-ca-file speaks for nobody but itself", async () => {
  const { authenticate } = rig();
  const namesake = await makeClient(clientCa, "front-proxy", ["dev"]);
  const answer = await authenticate(
    peerOf(namesake),
    "X-Remote-User",
    "admin",
    "X-Remote-Group",
    "system:masters",
  );
  assert.equal(text(answer), "x509 front-proxy dev system:authenticated");
});

Deno.test("an equal name signed by anybody else is nobody, sent with the proxy's own chain or not", async () => {
  const { authenticate } = rig();
  const namesake = await makeClient(strangerCa, "front-proxy");
  for (const chain of [[], [proxyCa], [proxy, proxyCa], [strangerCa, proxyCa]]) {
    const answer = await authenticate(peerOf(namesake, chain), ...jane);
    assert.match(text(answer), /^401 /);
  }
});

Deno.test("a certificate that TLS did not authorize is nobody's, and the connection is to be closed", async () => {
  const { authenticate } = rig();
  const answer = await authenticate(peerOf(proxy, [], false), ...jane);
  assert.ok(answer.kind === "refused");
  assert.deepEqual([answer.refusal.code, answer.refusal.closeConnection], [401, true]);
  const both = await authenticate(peerOf(proxy, [], false), ...jane, ...token("bad"));
  assert.ok(both.kind === "refused" && both.refusal.closeConnection, "also where a token failed later");
});

Deno.test("without a certificate, or without TLS, the headers mean nothing", async () => {
  const { authenticate } = rig();
  assert.equal(text(await authenticate(undefined, ...jane)), "anonymous");
  assert.equal(
    text(await authenticate(undefined, ...jane, ...token("good"))),
    "token bob sa system:authenticated",
  );
});

Deno.test("where one authority signs for users and for the front proxy, the allowed name tells them apart", async () => {
  const { authenticate } = rig({ current: configOf({ ca: parseCaBundle(clientCa.pem) }) });
  const [user, frontProxy] = [await makeClient(clientCa, "bob"), await makeClient(clientCa, "front-proxy")];
  assert.equal(text(await authenticate(peerOf(user), ...jane)), "x509 bob system:authenticated");
  assert.equal(
    text(await authenticate(peerOf(frontProxy), ...jane)),
    "requestheader jane dev system:authenticated",
  );
});

Deno.test("only allowed names speak for others; an empty list allows all of that authority", async () => {
  const other = await makeClient(proxyCa, "another");
  const twice = await makeClient(proxyCa, "front-proxy", [], {
    name: [{ CN: ["front-proxy"] }, { CN: ["another"] }],
  });
  const strict = rig();
  for (const made of [other, twice]) {
    assert.match(text(await strict.authenticate(peerOf(made), ...jane)), /^401 /);
  }
  const open = rig({ current: configOf({ allowedNames: [] }) });
  for (const made of [other, twice, proxy]) {
    assert.equal(
      text(await open.authenticate(peerOf(made), ...jane)),
      "requestheader jane dev system:authenticated",
    );
  }
});

Deno.test("the front proxy's certificate must be good in every other way, too", async () => {
  const { authenticate, clock } = rig();
  const bad = [
    await makeClient(proxyCa, "front-proxy", [], { purposes: [SERVER_AUTH] }),
    await makeClient(proxyCa, "front-proxy", [], { untilMs: -1_000 }),
    await makeClient(proxyCa, "front-proxy", [], { fromMs: 60_000 }),
    await makeAuthority("front-proxy", { issuer: proxyCa }),
  ];
  for (const made of bad) assert.match(text(await authenticate(peerOf(made), ...jane)), /^401 /);
  const peer = peerOf(proxy);
  assert.match(text(await authenticate(peer, ...jane)), /^requestheader/);
  await clock.advance(7_200_000);
  assert.match(text(await authenticate(peer, ...jane)), /^401 .*expired/, "an open connection, later");
});

Deno.test("a front proxy that names nobody is not the user of its own certificate", async () => {
  const { authenticate } = rig();
  for (const headers of [[], ["X-Remote-User", ""], ["X-Remote-Group", "system:masters"]]) {
    assert.match(text(await authenticate(peerOf(proxy), ...headers)), /^401 /);
  }
});

Deno.test("names that are not UTF-8 are refused", async () => {
  const { authenticate } = rig();
  assert.match(text(await authenticate(peerOf(proxy), "X-Remote-User", "j\xfcrgen")), /^401 /);
});

Deno.test("whom the front proxy calls anonymous stays so", async () => {
  const { authenticate } = rig();
  const headers = ["X-Remote-User", "system:anonymous", "X-Remote-Group", "system:unauthenticated"];
  assert.equal(
    text(await authenticate(peerOf(proxy), ...headers)),
    "requestheader system:anonymous system:unauthenticated",
  );
});

Deno.test("a user's certificate tells name and groups, and which certificate it was", async () => {
  const { authenticate } = rig();
  const made = await makeClient(clientCa, "jane", ["dev", "ops"]);
  const answer = await authenticate(peerOf(made), "X-Remote-User", "admin");
  assert.ok(answer.kind === "user");
  const { user, method } = answer;
  assert.deepEqual([method, user.name, user.groups], ["x509", "jane", [
    "dev",
    "ops",
    "system:authenticated",
  ]]);
  assert.match(
    user.extra["authentication.kubernetes.io/credential-id"]?.join() ?? "",
    /^X509SHA256=[0-9a-f]{64}$/,
  );
});

Deno.test("a certificate without a name, or with two, is nobody's", async () => {
  const { authenticate } = rig();
  for (const name of [[{ O: ["system:masters"] }], [{ CN: ["a"] }, { CN: ["b"] }], [{ CN: [""] }]]) {
    const made = await makeClient(clientCa, "", [], { name });
    assert.match(text(await authenticate(peerOf(made))), /^401 /, JSON.stringify(name));
  }
});

Deno.test("a bearer token is its user's, however its scheme is written", async () => {
  const { authenticate, tokens } = rig();
  for (const value of ["Bearer good", "bearer good", "BEARER good", "  Bearer good  ", "Bearer good more"]) {
    assert.equal(
      text(await authenticate(undefined, "authorization", value)),
      "token bob sa system:authenticated",
    );
  }
  assert.deepEqual(new Set(tokens), new Set(["good"]));
});

Deno.test("a token that is not valid is refused, never anonymous", async () => {
  const { authenticate } = rig();
  assert.equal(text(await authenticate(undefined, ...token("bad"))), "401 the bearer token is not valid");
});

Deno.test("what is no bearer token is no proof at all", async () => {
  const { authenticate, tokens } = rig();
  for (const value of ["", "Bearer", "Bearer ", "Bearer  good", "Basic Z29vZA==", "good", "Bearergood"]) {
    assert.equal(
      text(await authenticate(undefined, "Authorization", value)),
      "anonymous",
      JSON.stringify(value),
    );
  }
  assert.deepEqual(tokens, []);
  await authenticate(undefined, ...token("good"), ...token("other"));
  assert.deepEqual(tokens, ["good"], "the first header counts");
});

Deno.test("proofs are tried in their order, and one that fails does not spoil another", async () => {
  const { authenticate, tokens } = rig();
  const own = await makeClient(clientCa, "jane");
  assert.match(text(await authenticate(peerOf(proxy), ...jane, ...token("good"))), /^requestheader jane/);
  assert.match(text(await authenticate(peerOf(own), ...token("good"))), /^x509 jane/);
  assert.deepEqual(tokens, [], "nothing is asked once somebody is known");
  const stranger = await makeClient(strangerCa, "jane");
  for (const peer of [peerOf(stranger), peerOf(stranger, [], false), peerOf(proxy)]) {
    assert.match(text(await authenticate(peer, ...token("good"))), /^token bob/);
  }
});

Deno.test("a token that cannot be reviewed is 503, or 500 where somebody must act, and is logged once", async () => {
  const call = { method: "POST", path: "/apis/authentication.k8s.io/v1/tokenreviews" };
  const cases: [unknown, RegExp][] = [
    [new KubeConnectionError("10.0.0.1 refused", call), /^503 Whose the bearer token is cannot be found out/],
    [new KubeApiError(429, "", "slow down", call, 3_000), /^503 /],
    [new KubeApiError(403, "Forbidden", "no", call), /^500 .*system:auth-delegator/],
  ];
  for (const [error, expected] of cases) {
    const { authenticate, lines } = rig({ reviewToken: () => Promise.reject(error) });
    for (let time = 0; time < 3; time++) {
      const answer = text(await authenticate(undefined, ...token("secret")));
      assert.match(answer, expected);
      assert.ok(!answer.includes("secret") && !answer.includes("10.0.0.1"));
    }
    assert.equal(lines.length, 1);
    assert.ok(!JSON.stringify(lines).includes("secret"));
    const stranger = peerOf(await makeClient(strangerCa, "jane"));
    assert.match(text(await authenticate(stranger, ...token("secret"))), expected, "it may have been good");
  }
});

Deno.test("a caller who has left is not waited for", async () => {
  const abort = new AbortController();
  const { authenticateUntil } = rig({
    reviewToken: (_token, signal) =>
      new Promise((_, reject) => signal?.addEventListener("abort", () => reject(new Error("review ended")))),
  });
  const answer = authenticateUntil(abort.signal, ...token("good"));
  queueMicrotask(() => abort.abort(new Error("client left")));
  await assert.rejects(answer, /client left/);
});

Deno.test("before the configuration is read, certificates are neither good nor bad", async () => {
  const { authenticate, config } = rig({ current: {}, hasSynced: false });
  assert.match(
    text(await authenticate(peerOf(proxy), ...jane)),
    /^503 client certificates cannot be checked yet/,
  );
  assert.match(text(await authenticate(peerOf(proxy), ...jane, ...token("good"))), /^token bob/);
  assert.match(text(await authenticate(peerOf(proxy), ...jane, ...token("bad"))), /^503 client certificates/);
  assert.equal(text(await authenticate(undefined)), "anonymous");
  Object.assign(config, { current: configOf(), hasSynced: true });
  assert.match(text(await authenticate(peerOf(proxy), ...jane)), /^requestheader jane/);
});

Deno.test("without authorities there is nobody with a certificate", async () => {
  const none = rig({ current: {} });
  assert.equal(text(await none.authenticate(peerOf(proxy), ...jane)), "anonymous");
  const { clientCa: _, ...proxyOnly } = configOf();
  assert.match(
    text(await rig({ current: proxyOnly }).authenticate(peerOf(proxy), ...jane)),
    /^requestheader/,
  );
  const { requestHeader: __, ...clientsOnly } = configOf();
  const users = rig({ current: clientsOnly });
  assert.match(text(await users.authenticate(peerOf(proxy), ...jane)), /^401 /);
});

Deno.test("a rotation holds for connections that are open: the new authority counts, the old one no more", async () => {
  const { authenticate, config } = rig();
  const next = await makeAuthority("next-ca");
  const nextProxy: Made = await makeClient(next, "front-proxy");
  const [before, after] = [peerOf(proxy), peerOf(nextProxy)];
  const answers =
    async () => [text(await authenticate(before, ...jane)), text(await authenticate(after, ...jane))];
  const jane200 = "requestheader jane dev system:authenticated";
  let [old, young] = await answers();
  assert.ok(old === jane200 && /^401 /.test(young ?? ""));
  config.current = configOf({ ca: parseCaBundle(proxyCa.pem + next.pem) });
  assert.deepEqual(await answers(), [jane200, jane200]);
  config.current = configOf({ ca: parseCaBundle(next.pem) });
  [old, young] = await answers();
  assert.ok(/^401 /.test(old ?? "") && young === jane200);
});

Deno.test("a front proxy that is refused is in the log, once in a while, and says what to compare", async () => {
  const { authenticate, lines, clock } = rig();
  const stranger = peerOf(await makeClient(strangerCa, "front-proxy"));
  await authenticate(stranger);
  assert.equal(lines.length, 0, "who claims nothing is not worth a line");
  await authenticate(stranger, ...jane);
  await authenticate(stranger, ...jane);
  assert.equal(lines.length, 1);
  assert.match(lines[0]?.message ?? "", /--proxy-client-cert-file/);
  await clock.advance(60_000);
  await authenticate(stranger, ...jane);
  assert.equal(lines.length, 2);
});

Deno.test("impersonation is refused, not ignored: who asks for less shall not get more", async () => {
  const { authenticate, tokens } = rig();
  for (
    const name of ["Impersonate-User", "impersonate-group", "Impersonate-Uid", "Impersonate-Extra-Scopes"]
  ) {
    const answer = await authenticate(undefined, ...token("good"), name, "jane");
    assert.match(text(answer), /^403 this server does not impersonate/);
  }
  assert.deepEqual(tokens, []);
});

Deno.test("tokens of other ways go there and nowhere else, and the answer is theirs", async () => {
  const way = (name: string) => ({
    isFor: (token: string) => token.startsWith(name),
    authenticate: (token: string) =>
      Promise.resolve(
        token.endsWith("good")
          ? { user: { name, groups: [], extra: {} } }
          : { refusal: { code: 403, reason: "Forbidden", message: `${name} says no` } as const },
      ),
  });
  const reviewed: string[] = [];
  const config = { current: {}, hasSynced: true };
  const all = createAuthenticator({
    config,
    oidc: way("oidc"),
    coder: way("coder"),
    reviewToken: (token) => {
      reviewed.push(token);
      return Promise.resolve(bob);
    },
  });
  const ask = async (authenticate: typeof all, token: string) => {
    const answer = await authenticate({
      peer: undefined,
      rawHeaders: ["Authorization", `Bearer ${token}`],
    });
    return answer.kind === "user"
      ? `${answer.user.name} by ${answer.method}`
      : answer.kind === "refused"
      ? `${answer.refusal.code} ${answer.refusal.message}`
      : answer.kind;
  };
  assert.equal(await ask(all, "oidc-good"), "oidc by oidc");
  assert.equal(await ask(all, "coder-good"), "coder by coder");
  assert.equal(await ask(all, "coder-bad"), "403 coder says no");
  assert.deepEqual(reviewed, []);
  assert.equal(await ask(all, "another"), "bob by token");
  const alone = createAuthenticator({ config, coder: way("coder") });
  assert.match(await ask(alone, "another"), /^401 .*no session token of Coder/);
});
