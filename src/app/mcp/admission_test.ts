import assert from "node:assert/strict";
import { Pods } from "../../api/kubernetes/resources.ts";
import { createAuthorizer } from "../../identity/mod.ts";
import { parseCaBundle, type PeerCertificates } from "../../identity/certificates.ts";
import type { AuthenticationConfig } from "../../identity/request_header.ts";
import { makeAuthority, makeClient, peerOf } from "../../identity/testing/certificates.ts";
import { issuerKey, startIssuer } from "../../identity/testing/issuer.ts";
import { trustedProxy } from "../../identity/trusted_proxy.ts";
import { createRestClient } from "../../kube/rest/rest_client.ts";
import { json, localServer, type SeenRequest, statusBody } from "../../kube/testing/local_server.ts";
import { recordingLogger } from "../../kube/testing/recording_logger.ts";
import type { Admission } from "../../mcp/surface.ts";
import { noMetrics } from "../../telemetry/metrics.ts";
import { Redactor } from "../../telemetry/redactor.ts";
import { createAdmission } from "./admission.ts";
import type { AdmissionSettings } from "./admission_settings.ts";

const [proxyCa, clientCa, key] = await Promise.all([
  makeAuthority("proxies"),
  makeAuthority("kubernetes"),
  issuerKey("k"),
]);
const proxy = trustedProxy({ caPem: proxyCa.pem, allowedNames: ["gateway"] });
const gateway = peerOf(await makeClient(proxyCa, "gateway"));
const SETTINGS: AdmissionSettings = { isOff: false, x509: false, impersonate: false, namespaces: [] };
const URL_OF_MCP = "https://mcp.test/mcp";

/** An API server that knows two tokens, lets everybody do everything, and has any pod that is asked for. */
async function rig(settings: Partial<AdmissionSettings>, { isAway = false, isSynced = true } = {}) {
  let away = isAway;
  const server = await localServer((request, response) => {
    if (away) return json(response, 503, statusBody(503, "ServiceUnavailable", "away"));
    json(response, 200, answerTo(request));
  }, { credentials: () => Promise.resolve({ headers: { authorization: "Bearer ours" }, tls: {} }) });
  const client = createRestClient({ connection: server.connection });
  const redactor = new Redactor();
  const { logger, lines } = recordingLogger();
  const listeners: (() => void)[] = [];
  const current: AuthenticationConfig = { clientCa: parseCaBundle(clientCa.pem) };
  const admission = createAdmission({
    settings: { ...SETTINGS, ...settings },
    url: URL_OF_MCP,
    client,
    authorize: createAuthorizer({ client }),
    authentication: {
      current,
      hasSynced: isSynced,
      subscribe: (listener: () => void) => (listeners.push(listener), () => void listeners.splice(0)),
    } as never,
    coders: () => ({}) as never,
    redactor,
    log: logger,
    metrics: noMetrics,
  });
  const ask = (headers: Record<string, string>, peer?: PeerCertificates) =>
    admission.admit(
      { headers: new Headers(), rawHeaders: Object.entries(headers).flat(), peer },
      AbortSignal.timeout(60_000),
    );
  return {
    admission,
    redactor,
    lines,
    listeners,
    seen: server.seen,
    ask,
    setAway: (now: boolean) => away = now,
    /** Reads a pod as whoever is let in: what the API server saw of it, or the refusal. */
    async reads(headers: Record<string, string>, peer?: PeerCertificates): Promise<SeenRequest | string> {
      const answer = await ask(headers, peer);
      if ("refusal" in answer) return `${answer.refusal.status} ${answer.refusal.message}`;
      return await answer.visitor.cluster.get(Pods, { namespace: "lab", name: "p" }).then(
        () => server.seen.at(-1)!,
        (error) => error.message,
      );
    },
    async [Symbol.asyncDispose]() {
      admission.close();
      client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

function answerTo({ url, body }: SeenRequest): unknown {
  const spec = body === "" ? {} : JSON.parse(body).spec ?? {};
  const of = (status: unknown) => ({ metadata: {}, status });
  if (url.includes("tokenreviews")) {
    const { token, audiences } = spec;
    const good = audiences === undefined ? token === "for-api" : token === "for-api" || token === "for-mcp";
    const user = { username: "ann", uid: "7", groups: ["dev", "system:authenticated"] };
    return of(
      good ? { authenticated: true, user, ...(audiences ? { audiences } : {}) } : { authenticated: false },
    );
  }
  if (url.includes("selfsubjectreviews")) {
    return of({ userInfo: { username: "me", groups: ["ops"], extra: { a: null } } });
  }
  if (url.includes("accessreviews")) return of({ allowed: true });
  return { apiVersion: "v1", kind: "Pod", metadata: { namespace: "lab", name: "p" } };
}

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
const callerOf = (answer: Admission) => {
  if ("refusal" in answer) throw new Error(answer.refusal.message);
  return answer.visitor.caller;
};
const headersOf = (seen: SeenRequest | string) => {
  if (typeof seen === "string") throw new Error(seen);
  const { authorization, ...rest } = seen.headers;
  const theirs = Object.entries(rest).filter(([name]) => name.startsWith("impersonate"));
  return { authorization, ...Object.fromEntries(theirs) };
};

Deno.test("a Kubernetes token is handed on, and nothing of ours with it", async () => {
  await using test = await rig({ tokens: { audiences: [] } });
  assert.deepEqual(headersOf(await test.reads(bearer("for-api"))), { authorization: "Bearer for-api" });
  const caller = callerOf(await test.ask(bearer("for-api")));
  assert.deepEqual([caller.user.name, caller.method], ["ann", "token"]);
  assert.equal(callerOf(await test.ask(bearer("for-api"))).id, caller.id);
  // One review for all of that.
  assert.equal(test.seen.filter(({ url }) => url.includes("tokenreviews")).length, 1);
});

Deno.test("a token is a secret of the log while it is in use", async () => {
  await using test = await rig({ tokens: { audiences: [] } });
  await test.ask(bearer("for-api"));
  assert.equal(test.redactor.text("it was for-api"), "it was [redacted]");
  test.admission.close();
  assert.equal(test.redactor.text("it was for-api"), "it was for-api");
});

Deno.test("nobody, and whose token is not good, is told how to be somebody", async () => {
  await using test = await rig({ tokens: { audiences: [] } });
  assert.deepEqual(await test.ask({}), {
    refusal: {
      status: 401,
      message:
        "say who you are: send a bearer token in the header Authorization, or a client certificate where TLS is on",
      challenge: 'Bearer realm="coder-k8s"',
    },
  });
  const bad = await test.ask(bearer("bad"));
  assert.deepEqual(bad, {
    refusal: {
      status: 401,
      message: "the bearer token is not valid",
      challenge:
        'Bearer realm="coder-k8s", error="invalid_token", error_description="the bearer token is not valid"',
    },
  });
  assert.match(
    String(await test.reads({ ...bearer("for-api"), "Impersonate-User": "bob" })),
    /^403 .*does not impersonate/,
  );
});

Deno.test("a token for the MCP server alone is not handed on: its user is impersonated, or not known there", async () => {
  await using closed = await rig({ tokens: { audiences: ["mcp"] } });
  assert.match(
    String(await closed.reads(bearer("for-mcp"))),
    /Kubernetes is not asked for you.*--mcp-impersonate/,
  );
  assert.deepEqual(headersOf(await closed.reads(bearer("for-api"))), { authorization: "Bearer for-api" });
  await using open = await rig({ tokens: { audiences: ["mcp"] }, impersonate: true });
  assert.deepEqual(headersOf(await open.reads(bearer("for-mcp"))), {
    authorization: "Bearer ours",
    "impersonate-user": "ann",
    "impersonate-uid": "7",
    "impersonate-group": "dev, system:authenticated",
  });
});

Deno.test("a trusted proxy's users are impersonated, unless they would be the system's", async () => {
  await using test = await rig({ proxy, impersonate: true });
  const ann = { "X-Remote-User": "ann", "X-Remote-Group": "dev", "X-Remote-Extra-Acme%2Fteam": "blue" };
  assert.deepEqual(headersOf(await test.reads(ann, gateway)), {
    authorization: "Bearer ours",
    "impersonate-user": "ann",
    "impersonate-group": "dev, system:authenticated",
    "impersonate-extra-acme%2fteam": "blue",
  });
  assert.equal(callerOf(await test.ask(ann, gateway)).method, "proxy");
  for (
    const headers of [{ "X-Remote-User": "system:admin" }, { ...ann, "X-Remote-Group": "system:masters" }, {
      "X-Remote-User": "system:anonymous",
    }]
  ) {
    assert.match(
      String(await test.reads(headers, gateway)),
      /^403 this user is not let in: .* is one of the system's/,
    );
  }
  assert.match(String(await test.reads(ann, peerOf(await makeClient(clientCa, "gateway")))), /^401 /);
  assert.match(String(await test.reads(ann)), /^401 /);
  const unknown = await test.ask(ann, { ...gateway, authorized: false });
  assert.ok("refusal" in unknown && unknown.refusal.closeConnection);
  assert.deepEqual(test.admission.authorities(), [proxyCa.pem]);
});

Deno.test("a client certificate's user is impersonated, but no administrator of the cluster", async () => {
  await using test = await rig({ x509: true, impersonate: true });
  const jane = peerOf(await makeClient(clientCa, "jane", ["ops"]));
  const root = peerOf(await makeClient(clientCa, "root", ["system:masters"]));
  const seen = headersOf(await test.reads({}, jane)) as Record<string, string>;
  assert.deepEqual([seen["authorization"], seen["impersonate-user"]], ["Bearer ours", "jane"]);
  assert.match(seen["impersonate-extra-authentication.kubernetes.io%2fcredential-id"] ?? "", /^X509SHA256=/);
  assert.match(
    String(await test.reads({}, root)),
    /not asked for you: .*system:masters.* is one of the system's/,
  );
  assert.deepEqual(test.admission.authorities(), [clientCa.pem]);
  test.admission.onAuthorities(() => {})();
  assert.equal(test.listeners.length, 0);
  await using early = await rig({ x509: true }, { isSynced: false });
  assert.match(String(await early.reads({}, jane)), /^503 /);
});

Deno.test("a token of the issuer is verified here; clients are told where to get one", async () => {
  await using issuer = await startIssuer(key);
  const oidc = { issuer: issuer.url, audiences: [URL_OF_MCP], usernamePrefix: "oidc:" };
  await using test = await rig({ tokens: { audiences: [] }, oidc, impersonate: true });
  const seen = await test.reads(bearer(await issuer.token()));
  assert.deepEqual(headersOf(seen), {
    authorization: "Bearer ours",
    "impersonate-user": "oidc:ann",
    "impersonate-group": "system:authenticated",
  });
  assert.equal(callerOf(await test.ask(bearer(await issuer.token()))).method, "oidc");
  // Never asked of the API server, whatever becomes of it.
  const expired = await test.ask(bearer(await issuer.token({ exp: 1 })));
  assert.deepEqual(expired, {
    refusal: {
      status: 401,
      message: "the bearer token is not valid: it has expired",
      challenge: 'Bearer realm="coder-k8s", error="invalid_token", ' +
        'error_description="the bearer token is not valid: it has expired", ' +
        'resource_metadata="https://mcp.test/.well-known/oauth-protected-resource/mcp"',
    },
  });
  assert.equal(test.seen.filter(({ url }) => url.includes("tokenreviews")).length, 0);
  assert.equal(callerOf(await test.ask(bearer("for-api"))).method, "token");
  assert.equal(test.admission.resource?.document["resource"], URL_OF_MCP);
});

Deno.test("where nobody has to prove anything, calls are the process' own", async () => {
  await using test = await rig({ isOff: true });
  assert.deepEqual(headersOf(await test.reads({})), { authorization: "Bearer ours" });
  const caller = callerOf(await test.ask(bearer("whatever")));
  assert.deepEqual([caller.user, caller.method], [
    { name: "me", groups: ["ops"], extra: { a: [] } },
    "process",
  ]);
  assert.equal(test.seen.filter(({ url }) => url.includes("selfsubjectreviews")).length, 1);
});

Deno.test("while the API server is away nobody is let in, and everybody is told so", async () => {
  await using test = await rig({ tokens: { audiences: ["mcp"] } }, { isAway: true });
  const refused = await test.ask(bearer("for-api"));
  assert.ok("refusal" in refused);
  assert.deepEqual([refused.refusal.status, refused.refusal.retryAfterSeconds], [503, 1]);
  await using off = await rig({ isOff: true }, { isAway: true });
  assert.match(String(await off.reads({})), /^503 .*who this process is/);
  off.setAway(false);
  assert.deepEqual(headersOf(await off.reads({})), { authorization: "Bearer ours" });
});

Deno.test("namespaces that are not served are reached by nobody", async () => {
  await using test = await rig({ tokens: { audiences: [] }, namespaces: ["prod"] });
  assert.match(
    String(await test.reads(bearer("for-api"))),
    /namespace "lab" is not reached from this MCP server, only prod/,
  );
});
