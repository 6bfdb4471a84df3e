import assert from "node:assert/strict";
import { makeAuthority, makeClient, peerOf } from "../../identity/testing/certificates.ts";
import { issuerKey, startIssuer } from "../../identity/testing/issuer.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import { noMetrics } from "../../telemetry/metrics.ts";
import { AdmissionConfigError } from "../mcp/admission_settings.ts";
import type { PeerCertificates } from "../../identity/mod.ts";
import { coordinatorAdmission } from "./admission.ts";
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

async function admits(
  given: Partial<CoordinatorConfig>,
  headers: Record<string, string> = {},
  peer?: PeerCertificates,
): Promise<string> {
  const admission = await coordinatorAdmission({ ...BASE, ...given }, {
    log: silentLogger,
    metrics: noMetrics,
  });
  const answer = await admission.admit(
    { headers: new Headers(headers), rawHeaders: Object.entries(headers).flat(), peer },
    AbortSignal.timeout(60_000),
  );
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
    const admission = await coordinatorAdmission({ ...BASE, authTokenFile }, {
      log: silentLogger,
      metrics: noMetrics,
    });
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
