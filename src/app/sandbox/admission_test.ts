import assert from "node:assert/strict";
import { makeAuthority, makeClient, peerOf } from "../../identity/testing/certificates.ts";
import { issuerKey, startIssuer } from "../../identity/testing/issuer.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import { noMetrics } from "../../telemetry/metrics.ts";
import { AdmissionConfigError } from "../mcp/admission_settings.ts";
import type { PeerCertificates } from "../../identity/mod.ts";
import { coordinatorAdmission } from "./admission.ts";
import type { CoderClient } from "../../coder/mod.ts";
import { Redactor } from "../../telemetry/redactor.ts";
import { coderError } from "./coder_testing.ts";
import type { CoderWay } from "./coder_way.ts";
import type { CoordinatorConfig } from "./config.ts";

const ANN = "ann-0123456789abcdef";
const BASE = {
  auth: ["token"],
  bindAddress: { hostname: "0.0.0.0", port: 8080 },
  mcpOidcAudience: [],
  mcpOidcUsernameClaim: "sub",
  mcpOidcUsernamePrefix: "oidc:",
  mcpOidcRequiredClaims: [],
  mcpProxyAllowedNames: [],
} as unknown as CoordinatorConfig;

/** Bob's. */
const BOBS = "bobbobbobb-0123456789abcdefghijkl";
const BOB_ID = "bbbbbbbb-bbbb-4ccc-8ddd-eeeeeeeeeeee";

/** A Coder that knows Bob by his token, and counts how often it is asked. */
function fakeCoder() {
  const asked: string[] = [];
  const coder: CoderWay = {
    address: "https://coder.example.com",
    client: (token) =>
      ({
        address: "https://coder.example.com",
        users: {
          me() {
            asked.push(token);
            return token === BOBS
              ? Promise.resolve({ id: BOB_ID, username: "bob" })
              : Promise.reject(coderError("unauthorized", "tokenRefused"));
          },
        },
      }) as unknown as CoderClient,
    close() {},
  };
  return { coder, asked };
}

const context = (coder?: CoderWay) => ({
  coder,
  redactor: new Redactor(),
  log: silentLogger,
  metrics: noMetrics,
});

async function visitOf(
  given: Partial<CoordinatorConfig>,
  headers: Record<string, string> = {},
  peer?: PeerCertificates,
  coder?: CoderWay,
) {
  const admission = await coordinatorAdmission({ ...BASE, ...given }, context(coder));
  return await admission.admit(
    { headers: new Headers(headers), rawHeaders: Object.entries(headers).flat(), peer },
    AbortSignal.timeout(60_000),
  );
}

async function admits(...given: Parameters<typeof visitOf>): Promise<string> {
  const answer = await visitOf(...given);
  if ("refusal" in answer) return `${answer.refusal.status} ${answer.refusal.message}`;
  const { user, method } = answer.visitor.caller;
  return `${user.name} by ${method}`;
}

async function withTokens(run: (file: string) => Promise<void>): Promise<void> {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, `ann ${ANN}\n`);
    await run(file);
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("callers are who their token says, and nobody without one", async () => {
  await withTokens(async (authTokenFile) => {
    assert.equal(await admits({ authTokenFile }, { authorization: `Bearer ${ANN}` }), "ann by token");
    assert.match(await admits({ authTokenFile }, { authorization: "Bearer wrong-wrong-wrong" }), /^401 /);
    assert.match(await admits({ authTokenFile }), /^401 say who you are/);
    assert.match(await admits({ authTokenFile }, { "x-remote-user": "ann" }), /^401 /);
  });
});

Deno.test("on loopback nobody has to prove anything where that is asked for, and there alone", async () => {
  const loopback = { auth: ["off"], bindAddress: { hostname: "127.0.0.1", port: 8080 } } as const;
  assert.match(await admits(loopback), / by process$/);
  assert.match(await admits(loopback, { authorization: `Bearer ${ANN}` }), /^401 tokens mean nothing here/);
  await assert.rejects(admits({ auth: ["off"] }), AdmissionConfigError);
  await assert.rejects(admits({ auth: [] }), AdmissionConfigError);
});

Deno.test("an issuer's tokens and a trusted proxy's word are taken", async () => {
  const key = await issuerKey("k");
  await using issuer = await startIssuer(key);
  const token = await issuer.token({ aud: "https://box.test/mcp", sub: "ann" });
  const oidc = { auth: ["oidc"], mcpOidcIssuer: issuer.url, mcpUrl: "https://box.test/mcp" } as const;
  assert.equal(await admits(oidc, { authorization: `Bearer ${token}` }), "oidc:ann by oidc");
  const ca = await makeAuthority("proxies");
  const gateway = peerOf(await makeClient(ca, "gateway"));
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, ca.pem);
    const proxy = {
      auth: ["proxy"],
      mcpTlsCertFile: "tls.crt",
      mcpProxyCaFile: file,
      mcpProxyAllowedNames: ["gateway"],
    } as const;
    assert.equal(await admits(proxy, { "x-remote-user": "ann" }, gateway), "ann by proxy");
    assert.match(await admits(proxy, { "x-remote-user": "ann" }), /^401 /);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("whoever is let in sees nothing of Kubernetes and Coder", async () => {
  await withTokens(async (authTokenFile) => {
    const admission = await coordinatorAdmission({ ...BASE, authTokenFile }, context());
    const answer = await admission.admit(
      { headers: new Headers(), rawHeaders: ["authorization", `Bearer ${ANN}`], peer: undefined },
      AbortSignal.timeout(60_000),
    );
    assert.ok("visitor" in answer);
    const { cluster, coders } = answer.visitor;
    const pods = { apiVersion: "v1", kind: "Pod", plural: "pods", namespaced: true } as never;
    await assert.rejects(cluster.get(pods, { namespace: "a", name: "b" }), /knows nothing of Kubernetes/);
    assert.deepEqual(await coders.list(undefined, new AbortController().signal), []);
    assert.deepEqual(admission.authorities(), []);
  });
});

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const CHOICE = { namespace: "" };
const NEED = { verb: "get", resource: "coderworkspaces" } as const;

Deno.test("Coder's users come with a session token of theirs, and have Coder with their own rights", async () => {
  const { coder, asked } = fakeCoder();
  const given = { auth: ["coder"] } as const;
  const answer = await visitOf(given, bearer(BOBS), undefined, coder);
  assert.ok("visitor" in answer);
  const { caller, coders } = answer.visitor;
  assert.deepEqual([caller.user.name, caller.user.uid, caller.method], ["coder:bob", BOB_ID, "coder"]);
  const session = await coders.open(CHOICE, NEED, AbortSignal.timeout(60_000));
  assert.deepEqual([session.as, session.user, session.ref.id], [
    "caller",
    "bob",
    "https://coder.example.com",
  ]);
  // It tells one token from another, and nothing of it.
  assert.match(session.credential ?? "", /^[A-Za-z0-9_-]{43}$/);
  assert.ok(!session.credential!.includes(BOBS));
  // Who it is was asked for once, and is not again for who works with it.
  assert.deepEqual(asked, [BOBS]);
  assert.match(
    await admits(given, bearer(BOBS.replace("bob", "eve")), undefined, coder),
    /^401 Coder refuses/,
  );
  assert.match(
    await admits(given, bearer("not-of-coder-at-all"), undefined, coder),
    /^401 .*no session token/,
  );
  assert.match(await admits(given, {}, undefined, coder), /^401 say who you are/);
  await assert.rejects(admits(given, bearer(BOBS)), { name: "AdmissionConfigError", message: /--coder-url/ });
  await assert.rejects(admits({ auth: ["coder", "off"] }, {}, undefined, coder), AdmissionConfigError);
});

Deno.test("beside other ways: each token is whose it is, and who has not come by Coder has no way there", async () => {
  const { coder, asked } = fakeCoder();
  const file = await Deno.makeTempFile();
  try {
    const looksLikeCoders = "annannanna-0123456789abcdefghijkl";
    await Deno.writeTextFile(file, `ann ${looksLikeCoders}\ncoder:bob ${ANN}\n`);
    const given = { auth: ["token", "coder"], authTokenFile: file } as const;
    const ann = await visitOf(given, bearer(looksLikeCoders), undefined, coder);
    assert.ok("visitor" in ann);
    assert.deepEqual([ann.visitor.caller.user.name, ann.visitor.caller.method], ["ann", "token"]);
    await assert.rejects(
      ann.visitor.coders.open(CHOICE, NEED, AbortSignal.timeout(60_000)),
      /come with a Coder session token/,
    );
    assert.deepEqual(asked, [], "her token is none of Coder's");
    assert.match(await admits(given, bearer(ANN), undefined, coder), /^403 names that begin with coder:/);
    assert.equal(await admits(given, bearer(BOBS), undefined, coder), "coder:bob by coder");
    const alone = { auth: ["token"], authTokenFile: file } as const;
    assert.match(await admits(alone, bearer(BOBS), undefined, coder), /^401 /, "it was not asked for");
    const visit = await visitOf(alone, bearer(looksLikeCoders), undefined, coder);
    assert.ok("visitor" in visit);
    await assert.rejects(
      visit.visitor.coders.open(CHOICE, NEED, AbortSignal.timeout(60_000)),
      /--auth=coder and --coder-url/,
    );
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("where nobody has to prove anything Coder is that of who has started the process", async () => {
  const { coder } = fakeCoder();
  const loopback = { auth: ["off"], bindAddress: { hostname: "127.0.0.1", port: 8080 } } as const;
  const open = async (given: Partial<CoordinatorConfig>, way?: CoderWay) => {
    const answer = await visitOf({ ...loopback, ...given }, {}, undefined, way);
    assert.ok("visitor" in answer);
    return await answer.visitor.coders.open(CHOICE, NEED, AbortSignal.timeout(60_000));
  };
  assert.equal((await open({ coderSessionToken: BOBS }, coder)).user, "bob");
  await assert.rejects(open({}, coder), /CODER_SESSION_TOKEN/);
  await assert.rejects(open({ coderSessionToken: BOBS }), /CODER_URL/);
  await assert.rejects(open({ coderSessionTokenFile: "/no/such/file" }, coder), /coder-session-token-file/);
});
