import assert from "node:assert/strict";
import type { Deployment } from "../api/kubernetes/types.ts";
import type { WorkspaceProxySpecInput } from "../api/workspace_proxy.ts";
import { EMPTY_REPORT } from "../operator/pass/report.ts";
import { connectionOf, tokenOf } from "./connection.ts";
import { NO_TOKEN, type ProxyResult, TOKEN_ANNOTATION } from "./results.ts";
import { workspaceProxy } from "./testing.ts";

const MANAGED: WorkspaceProxySpecInput = { controlPlaneRef: { name: "coder" } };
const TOKEN = { name: "eu-proxy-token", key: "token" };

/** Our Deployment, whose pods run with the token of a Secret. */
function deployment(secret = TOKEN.name, mark?: string): Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { ...(mark !== undefined && { annotations: { [TOKEN_ANNOTATION]: mark } }) },
    spec: {
      selector: {},
      template: {
        spec: {
          containers: [{
            name: "workspace-proxy",
            env: [
              { name: "CODER_PRIMARY_ACCESS_URL", value: "https://old" },
              {
                name: "CODER_PROXY_SESSION_TOKEN",
                valueFrom: { secretKeyRef: { name: secret, key: "token" } },
              },
            ],
          }],
        },
      },
    },
  };
}

const result = (more: Partial<ProxyResult> = {}): ProxyResult => ({
  generation: 1,
  report: EMPTY_REPORT,
  ...more,
});
const known = result({ primaryURL: "https://new", token: { ...TOKEN, hash: "b" } });

function connection(
  spec: WorkspaceProxySpecInput,
  facts: Partial<Parameters<typeof connectionOf>[1]> = {},
): string {
  const found = connectionOf(workspaceProxy(spec), {
    result: undefined,
    unvisited: false,
    live: undefined,
    ...facts,
  });
  return found.ready
    ? `${found.primaryURL} ${found.token.name} ${found.tokenHash ?? "-"}`
    : `waits for ${found.why.reason}`;
}

Deno.test("a token that the user brings needs nobody's visit", () => {
  const spec = { primaryAccessURL: "https://mine", proxySessionTokenSecretRef: { name: "mine" } };
  assert.equal(connection(spec), "https://mine mine -");
  assert.equal(connection(spec, { result: known, live: deployment("mine", "a") }), "https://mine mine -");
});

Deno.test("the first pods wait for the token, and for the address that belongs to it", () => {
  assert.equal(connection(MANAGED), "waits for RegistrationPending");
  assert.equal(connection(MANAGED, { result: result() }), "waits for TokenMissing");
  const none = result({ primaryURL: "https://new", token: { ...TOKEN, hash: NO_TOKEN } });
  assert.equal(connection(MANAGED, { result: none }), "waits for TokenMissing");
  const nowhere = result({ token: { ...TOKEN, hash: "b" } });
  assert.equal(connection(MANAGED, { result: nowhere }), "waits for AddressUnknown");
  assert.equal(connection(MANAGED, { result: known }), "https://new eu-proxy-token b");
});

Deno.test("pods that run keep address and token until a visit knows both anew", () => {
  const live = deployment("before", "a");
  assert.equal(connection(MANAGED, { live }), "https://old before a");
  assert.equal(connection(MANAGED, { live, result: result() }), "https://old before a");
  assert.equal(connection(MANAGED, { live, result: known }), "https://new eu-proxy-token b");
});

Deno.test("pods of another operator wait for the first visit, which names their token", () => {
  const live = deployment();
  assert.equal(connection(MANAGED, { live }), "waits for RegistrationPending");
  assert.equal(connection(MANAGED, { live, result: result() }), "https://old eu-proxy-token -");
  assert.equal(connection(MANAGED, { live, result: known }), "https://new eu-proxy-token b");
});

Deno.test("pods that take no token from a Secret get the one of the spec", () => {
  const live = deployment(TOKEN.name, "a");
  live.spec!.template.spec!.containers[0]!.env = [{ name: "CODER_PRIMARY_ACCESS_URL", value: "https://old" }];
  assert.equal(tokenOf(live), undefined);
  assert.equal(connection(MANAGED, { live }), "https://old eu-proxy-token a");
});

Deno.test("where nobody visits Coder, the spec has to say it all", () => {
  const bootstrap = { coderURL: "https://coder", credentialsSecretRef: { name: "admin" } };
  assert.equal(connection({ bootstrap }, { unvisited: true }), "https://coder eu-proxy-token -");
  assert.equal(connection(MANAGED, { unvisited: true }), "waits for AddressUnknown");
  assert.equal(
    connection({ bootstrap }, { unvisited: true, live: deployment() }),
    "https://old eu-proxy-token -",
  );
});

Deno.test("a spec that names no token, or no Coder, is an error", () => {
  assert.throws(() => connection({ primaryAccessURL: "https://mine" }), /spec.proxySessionTokenSecretRef/);
  assert.throws(() => connection({ proxySessionTokenSecretRef: { name: "mine" } }), /spec.primaryAccessURL/);
});
