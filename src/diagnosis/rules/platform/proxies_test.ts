import assert from "node:assert/strict";
import type { ProxyFacts } from "../../coder_facts.ts";
import { proxyAddressMismatch } from "./proxy_address_mismatch.ts";
import { proxyNotEntitled } from "./proxy_not_entitled.ts";
import { proxyNotRegistered } from "./proxy_not_registered.ts";
import { proxyTokenMissing } from "./proxy_token_missing.ts";
import { proxyTokenRefused } from "./proxy_token_refused.ts";
import { proxyUnhealthy } from "./proxy_unhealthy.ts";
import { proxyUnreachable } from "./proxy_unreachable.ts";
import { proxyUnregistered } from "./proxy_unregistered.ts";
import {
  ago,
  assertCareful,
  causes,
  coderProxy,
  condition,
  deployment,
  entitlements,
  factsOf,
  findings,
  pod,
  proxy,
  seen,
  unread,
} from "./testing.ts";

const inCoder = (parts: Partial<ProxyFacts>, more: Parameters<typeof factsOf>[1] = {}) =>
  factsOf("proxy", { coderProxies: seen([coderProxy({ name: "primary" }), coderProxy(parts)]), ...more });
const said = (...conditions: readonly object[]) => seen(proxy({ conditions }));

Deno.test("a proxy that Coder does not reach is named with its address and what Coder found", () => {
  const facts = inCoder({
    status: "unreachable",
    errors: ["Get https://paris.example.com/healthz-report: EOF"],
  });
  const [found] = findings(proxyUnreachable, facts);
  assert.equal(
    found?.cause,
    "Coder does not reach workspace proxy lab/paris at https://paris.example.com: Get " +
      "https://paris.example.com/healthz-report: EOF",
  );
  assert.deepEqual([found?.confidence, found?.evidence[0]?.at], ["certain", "2026-11-22T07:59:30Z"]);
  assert.equal(found?.next[0]?.command, "curl -sS https://paris.example.com/healthz-report");
  assertCareful(proxyUnreachable, facts, "proxy", "coderProxies");
});

Deno.test("a proxy with faults, and one that has never called, have rules of their own", () => {
  const rules = [proxyUnreachable, proxyUnhealthy, proxyUnregistered];
  const named = (status: string) => rules.flatMap((rule) => causes(rule, inCoder({ status })));
  assert.deepEqual(named("unhealthy"), ["Coder finds fault with workspace proxy lab/paris."]);
  assert.deepEqual(named("unregistered"), [
    "No pod of workspace proxy lab/paris has called Coder since it was registered.",
  ]);
  assert.deepEqual([named("ok"), named("")], [[], []]);
  assertCareful(proxyUnhealthy, inCoder({ status: "unhealthy" }), "proxy");
  assertCareful(proxyUnregistered, inCoder({ status: "unregistered" }), "proxy");
});

Deno.test("where Coder cannot be asked, what the operator saw last is likely", () => {
  const facts = factsOf("proxy", {
    proxy: said(condition("Healthy", "False", "Unreachable", "Coder does not reach it")),
    coderProxies: unread(),
  });
  const [found] = findings(proxyUnreachable, facts);
  assert.deepEqual([found?.confidence, found?.evidence[0]?.source], [
    "likely",
    "condition Healthy of workspace proxy lab/paris",
  ]);
  const newer = factsOf("proxy", { proxy: facts.proxy as never });
  assert.deepEqual(causes(proxyUnreachable, newer), [], "Coder's own list is newer");
});

Deno.test("a young proxy, or one of no pods, is given time", () => {
  const young = seen(proxy({ metadata: { creationTimestamp: ago(30) } }));
  const none = seen(deployment({ name: "wsproxy-paris", wanted: 0 }));
  const fresh = pod("wsproxy-paris-0");
  Object.assign(fresh, {
    status: {
      phase: "Running",
      conditions: [{ type: "Ready", status: "True", lastTransitionTime: ago(20) }],
    },
  });
  for (const more of [{ proxy: young }, { deployment: none }, { pods: seen([fresh]) }]) {
    assert.deepEqual(causes(proxyUnreachable, inCoder({ status: "unreachable" }, more)), []);
  }
});

Deno.test("a token that Coder refuses is known by the proxy's own words", () => {
  const lines = [
    "Starting proxy",
    "error: create proxy: register proxy: POST x: unexpected status code 401: Invalid external proxy token.",
  ];
  const log = (ready: boolean) =>
    factsOf("proxy", {
      pods: seen([pod("wsproxy-paris-0", { ready })]),
      podLogs: seen([{
        pod: "wsproxy-paris-0",
        namespace: "lab",
        container: "workspace-proxy",
        previous: true,
        lines,
      }]),
    });
  const [found] = findings(proxyTokenRefused, log(false));
  assert.equal(found?.cause, "Coder refuses the token of workspace proxy lab/paris.");
  assert.match(found?.evidence[0]?.quote ?? "", /Invalid external proxy token/);
  assert.deepEqual(causes(proxyTokenRefused, log(true)), [], "it has got over it");
  assertCareful(proxyTokenRefused, log(false), "proxy", "podLogs");
});

Deno.test("a proxy without a token is told where one was looked for", () => {
  const words = "Secret lab/t does not exist: create it, with the proxy's token at key token";
  const brought = factsOf("proxy", { proxy: said(condition("Degraded", "True", "TokenMissing", words)) });
  assert.deepEqual(causes(proxyTokenMissing, brought), [`Workspace proxy lab/paris has no token: ${words}`]);
  const bootstrap = factsOf("proxy", {
    proxy: said(condition("Registered", "False", "BootstrapTokenMissing")),
  });
  assert.equal(causes(proxyTokenMissing, bootstrap).length, 1);
  const other = factsOf("proxy", { proxy: said(condition("Registered", "False", "NameTaken")) });
  assert.deepEqual(causes(proxyTokenMissing, other), []);
  assertCareful(proxyTokenMissing, brought, "proxy");
});

Deno.test("a registration that fails is told in the operator's words; what passes by itself is not", () => {
  const facts = (reason: string) =>
    factsOf("proxy", {
      proxy: said(condition("Registered", "False", reason, "another proxy has that name")),
    });
  assert.deepEqual(causes(proxyNotRegistered, facts("NameTaken")), [
    "The registration of workspace proxy lab/paris with Coder fails: another proxy has that name",
  ]);
  for (const reason of ["CoderUnavailable", "RateLimited", "NotEntitled", "OperatorAccessNotReady"]) {
    assert.deepEqual(causes(proxyNotRegistered, facts(reason)), [], reason);
  }
  assertCareful(proxyNotRegistered, facts("NameTaken"), "proxy");
});

Deno.test("a proxy that somebody has deleted in Coder is told with those that there are", () => {
  const facts = factsOf("proxy", {
    coderProxies: seen([coderProxy({ name: "primary" }), coderProxy({ name: "rome" })]),
  });
  const [found] = findings(proxyNotRegistered, facts);
  assert.equal(
    found?.cause,
    "Coder has no proxy paris, as which workspace proxy lab/paris is registered: somebody has deleted or renamed it " +
      "there.",
  );
  assert.equal(found?.evidence[0]?.quote, "there are primary, rome");
  const unregistered = seen(proxy({ status: { registration: undefined } }));
  assert.deepEqual(causes(proxyNotRegistered, { ...facts, proxy: unregistered }), []);
  assertCareful(proxyNotRegistered, facts, "coderProxies");
});

Deno.test("a licence without workspace proxies is said by Coder or by the operator", () => {
  const none = seen(
    entitlements({ features: { workspace_proxy: { entitlement: "not_entitled", enabled: false } } }),
  );
  const facts = factsOf("proxy", { entitlements: none });
  assert.deepEqual(causes(proxyNotEntitled, facts), [
    "The licence of the Coder that workspace proxy lab/paris belongs to does not allow workspace proxies.",
  ]);
  assertCareful(proxyNotEntitled, facts, "entitlements", "proxy");
  const refused = {
    entitlements: unread("no such route", "notServed"),
    proxy: said(condition("Registered", "False", "NotSupported")),
  };
  const agpl = factsOf("proxy", refused);
  assert.match(
    causes(proxyNotEntitled, agpl)[0] ?? "",
    /^The build of Coder that workspace proxy lab\/paris/,
  );
  const elsewhere = factsOf("proxy", { ...refused, controlPlane: undefined });
  assert.equal(findings(proxyNotEntitled, elsewhere)[0]?.next[0]?.command, "coder licenses list");
});

Deno.test("addresses that Coder has and the spec has not are told side by side", () => {
  const exposed = seen(proxy({
    spec: { expose: { ingress: { host: "paris.example.com", wildcardHost: "*.paris.example.com" } } },
  }));
  const facts = inCoder({ pathAppUrl: "http://wsproxy-paris.lab" }, { proxy: exposed });
  assert.deepEqual(causes(proxyAddressMismatch, facts), [
    "Coder has of workspace proxy lab/paris the address http://wsproxy-paris.lab, not the host paris.example.com, and " +
    "no wildcard host, not *.paris.example.com, as spec.expose has it.",
  ]);
  const right = inCoder({ wildcardHostname: "*.paris.example.com:443" }, { proxy: exposed });
  assert.deepEqual(causes(proxyAddressMismatch, right), []);
  const silent = inCoder({ status: "unregistered", pathAppUrl: "http://x" }, { proxy: exposed });
  assert.deepEqual(causes(proxyAddressMismatch, silent), [], "it has not called yet");
  assertCareful(proxyAddressMismatch, facts, "proxy", "coderProxies");
});
