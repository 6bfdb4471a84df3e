import assert from "node:assert/strict";
import { conclude } from "../../engine.ts";
import type { Facts } from "../../facts.ts";
import { STATES } from "../../states/mod.ts";
import { DEPLOYMENT_RULES } from "../deployments/mod.ts";
import { PLATFORM_RULES } from "./mod.ts";
import {
  absent,
  ago,
  certificate,
  condition,
  controlPlane,
  deployment,
  entitlements,
  factsOf,
  lease,
  pod,
  proxy,
  secret,
  seen,
  service,
  unread,
} from "./testing.ts";
import { numbers, withOddParts, withUnread } from "./testing_fuzz.ts";

const HOST = "coder.example.com";
const young = { creationTimestamp: ago(5), generation: 1 };
const tls = secret({
  name: "coder-tls",
  usedBy: "spec.expose.ingress.tls.secretName",
  neededKeys: ["tls.crt", "tls.key"],
  keys: { "tls.crt": 900, "tls.key": 200 },
  certificate: certificate(),
});

function ingress(ingressStatus: object): object {
  return {
    metadata: { namespace: "lab", name: "coder", creationTimestamp: ago(3_600) },
    spec: {
      ingressClassName: "nginx",
      rules: [{
        host: HOST,
        http: { paths: [{ backend: { service: { name: "coder", port: { number: 80 } } } }] },
      }],
    },
    status: { loadBalancer: ingressStatus },
  };
}

const route = {
  name: "coder",
  namespace: "lab",
  hostnames: [HOST],
  parents: [{
    name: "infra/public",
    conditions: [
      { type: "Accepted", status: "True", reason: "Accepted", message: "" },
      { type: "ResolvedRefs", status: "True", reason: "ResolvedRefs", message: "" },
    ],
  }],
};

const HEALTHY: Readonly<Record<string, readonly [facts: Facts, state: RegExp]>> = {
  "a plain control plane": [
    factsOf("controlplane"),
    /^2 of 2 pods are ready; Coder 2\.30\.0 answers at http:\/\/coder\.lab\.svc\.cluster\.local:80\.$/,
  ],
  "one behind an Ingress with a certificate": [
    factsOf("controlplane", {
      controlPlane: seen(controlPlane({
        spec: { expose: { ingress: { host: HOST, tls: { secretName: "coder-tls" } } } },
        status: { externalURL: `https://${HOST}` },
        conditions: [condition("Exposed", "True", "AddressAssigned")],
      })),
      ingress: seen(ingress({ ingress: [{ ip: "192.0.2.1" }] })),
      secrets: seen([secret(), tls]),
    }),
    /answers at https:\/\/coder\.example\.com\.$/,
  ],
  "one behind an Ingress that no controller gives an address": [
    factsOf("controlplane", {
      controlPlane: seen(
        controlPlane({ conditions: [condition("Exposed", "Unknown", "AddressNotReported")] }),
      ),
      ingress: seen(ingress({})),
      ingressClasses: seen([{ name: "nginx", isDefault: false }]),
    }),
    /^2 of 2 pods are ready/,
  ],
  "one behind a Gateway": [
    factsOf("controlplane", {
      controlPlane: seen(controlPlane({ conditions: [condition("Exposed", "True", "RouteAccepted")] })),
      routes: seen([route]),
    }),
    /^2 of 2 pods are ready/,
  ],
  "one behind a load balancer": [
    factsOf("controlplane", {
      service: seen({
        ...service(),
        spec: { ...(service() as { spec: object }).spec, type: "LoadBalancer" },
      }),
    }),
    /^2 of 2 pods are ready/,
  ],
  "one without a licence, of the AGPL build": [
    factsOf("controlplane", {
      entitlements: unread("this Coder has no such route", "notServed"),
      controlPlane: seen(controlPlane({
        conditions: [condition("LicenseApplied", "Unknown", "Pending", "No licence is configured")],
      })),
    }),
    /^2 of 2 pods are ready/,
  ],
  "one without a licence, of the licensed build": [
    factsOf("controlplane", {
      entitlements: seen(entitlements({
        hasLicense: false,
        features: { high_availability: { entitlement: "not_entitled", enabled: false } },
      })),
    }),
    /^2 of 2 pods are ready/,
  ],
  "one with its built-in database, to which the operator has no access": [
    factsOf("controlplane", {
      controlPlane: seen(
        controlPlane({ conditions: [condition("OperatorAccess", "False", "NoDatabaseURL")] }),
      ),
    }),
    /^2 of 2 pods are ready/,
  ],
  "one that the operator is to stay out of": [
    factsOf("controlplane", {
      controlPlane: seen(controlPlane({ conditions: [condition("OperatorAccess", "False", "Disabled")] })),
      coderAlive: unread("the Coder of lab/coder cannot be asked now: access is disabled", "unreachable"),
      entitlements: undefined,
    }),
    /^2 of 2 pods are ready; Coder could not be asked\.$/,
  ],
  "one that nobody has looked at yet": [
    factsOf("controlplane", {
      controlPlane: seen({ metadata: { namespace: "lab", name: "coder", ...young }, spec: {} }),
      deployment: absent,
      pods: seen([]),
      service: absent,
      endpoints: undefined,
      secrets: seen([]),
      coderAlive: unread("the Coder of lab/coder cannot be asked now: no pod is ready", "unreachable"),
      entitlements: undefined,
    }),
    /^There is no Deployment yet, it is starting; Coder could not be asked\.$/,
  ],
  "one whose pods begin to start": [
    factsOf("controlplane", {
      controlPlane: seen(controlPlane({
        metadata: young,
        status: { observedGeneration: 1, readyReplicas: undefined },
        conditions: [
          condition("Ready", "False", "PodsUnavailable", "no pod yet", ago(4)),
          condition("Available", "False", "PodsUnavailable", "no pod yet", ago(4)),
          condition("OperatorAccess", "False", "WaitingForCoder"),
        ],
      })),
      deployment: seen(deployment({
        ready: 0,
        conditions: [
          condition(
            "Available",
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
            ago(4),
          ),
        ],
      })),
      pods: seen([pod("coder-0", { ready: false, state: { waiting: { reason: "ContainerCreating" } } })]),
      endpoints: seen({ service: "coder", ready: 0, notReady: 1 }),
      coderAlive: unread("no Coder", "unreachable"),
      entitlements: undefined,
    }),
    /^0 of 2 pods are ready, it is starting/,
  ],
  "one that is scaled to zero": [
    factsOf("controlplane", {
      controlPlane: seen(controlPlane({
        spec: { replicas: 0 },
        status: { readyReplicas: undefined },
        conditions: [
          condition("Ready", "False", "ScaledToZero"),
          condition("Available", "False", "ScaledToZero"),
          condition("CoderReachable", "Unknown", "NotReady"),
        ],
      })),
      deployment: seen(deployment({ wanted: 0 })),
      pods: seen([]),
      endpoints: seen({ service: "coder", ready: 0, notReady: 0 }),
      coderAlive: unread("the Coder of lab/coder cannot be asked now: no pod is ready", "unreachable"),
      entitlements: undefined,
    }),
    /^It is scaled to zero, no pod is wanted\.$/,
  ],
  "one of an operator that nobody may see": [
    factsOf("controlplane", { operatorLease: unread(), apiService: unread(), secrets: unread() }),
    /^2 of 2 pods are ready/,
  ],
  "one that is being upgraded": [
    factsOf("controlplane", {
      controlPlane: seen(controlPlane({
        conditions: [
          condition("Upgrading", "True", "RollingOut"),
          condition("Progressing", "True", "RollingOut"),
        ],
      })),
    }),
    /^2 of 2 pods are ready/,
  ],
  "one that is being deleted since a moment": [
    factsOf("controlplane", {
      controlPlane: seen(controlPlane({
        metadata: { deletionTimestamp: ago(10), finalizers: ["coder.com/workspace-rbac-cleanup"] },
      })),
    }),
    /^It is being deleted since 2026-11-22T07:59:50Z; it waits for coder\.com\/workspace-rbac-cleanup\.$/,
  ],
  "a proxy that serves": [factsOf("proxy"), /^2 of 2 pods are ready; Coder reaches it\.$/],
  "a proxy with a token that somebody brought, of a Coder elsewhere": [
    factsOf("proxy", {
      proxy: seen(proxy({
        spec: {
          controlPlaneRef: undefined,
          primaryAccessURL: "https://elsewhere.example.com",
          proxySessionTokenSecretRef: { name: "t" },
        },
        status: { registration: undefined },
        conditions: [condition("Registered", "Unknown", "NotManaged")],
      })),
      controlPlane: undefined,
      coderProxies: undefined,
      coderAlive: undefined,
      entitlements: undefined,
      secrets: seen([
        secret({
          name: "t",
          usedBy: "spec.proxySessionTokenSecretRef",
          neededKeys: ["token"],
          keys: { token: 50 },
        }),
      ]),
    }),
    /^2 of 2 pods are ready\.$/,
  ],
  "a proxy that has just been made": [
    factsOf("proxy", {
      proxy: seen({
        metadata: { namespace: "lab", name: "paris", ...young },
        spec: { controlPlaneRef: { name: "coder" } },
      }),
      deployment: absent,
      pods: seen([]),
      service: absent,
      endpoints: undefined,
      coderProxies: seen([]),
    }),
    /^There is no Deployment yet, it is starting\.$/,
  ],
  "a proxy that has just started, and that Coder has not looked at": [
    factsOf("proxy", {
      proxy: seen(proxy({ metadata: { creationTimestamp: ago(40) } })),
      coderProxies: seen([{
        name: "paris",
        status: "unregistered",
        errors: [],
        warnings: [],
        pathAppUrl: "",
        wildcardHostname: "",
        version: "",
      }]),
    }),
    /none of its pods has called Coder yet\.$/,
  ],
};

for (const [what, [facts, state]] of Object.entries(HEALTHY)) {
  Deno.test(`no cause is named of ${what}`, () => {
    const told = conclude(facts);
    assert.deepEqual(told.causes.map(({ rule, cause }) => [rule, cause]), []);
    assert.match(told.state, state);
    const isSilent = /could not be asked|has called/.test(told.state) && !/starting/.test(told.state);
    assert.equal(told.healthy, !isSilent, told.state);
  });
}

Deno.test("whatever could not be read, no rule throws, and nothing is named of what is well", () => {
  for (const [what, [facts]] of Object.entries(HEALTHY)) {
    const random = numbers(what.length);
    for (let i = 0; i < 60; i++) {
      const lacking = withUnread(facts, random);
      // That something is not there is a finding of its own.
      if (Object.values(lacking).some((fact) => fact === absent)) check(lacking);
      else assert.deepEqual(check(lacking), [], `${what} ${i}: ${JSON.stringify(lacking)}`);
    }
  }
});

Deno.test("facts of odd shapes make no rule and no state throw", () => {
  for (const [what, [facts]] of Object.entries(HEALTHY)) {
    const random = numbers(what.length * 31);
    for (let i = 0; i < 60; i++) check(withOddParts(facts, random));
  }
  const broken = factsOf("controlplane", {
    operatorLease: seen(lease(600)),
    podLogs: seen([{ pod: "coder-0", namespace: "lab", container: "coder", previous: true, lines: [] }]),
  });
  for (let i = 0, random = numbers(7); i < 200; i++) check(withOddParts(broken, random));
});

/** What our rules name; throws what they throw. */
function check(facts: Facts): readonly string[] {
  const rules = [...PLATFORM_RULES, ...DEPLOYMENT_RULES].filter(({ subjects }) =>
    subjects.includes(facts.subject.kind)
  );
  const found = rules.flatMap((rule) => rule.find(facts).map((finding) => ({ rule: rule.id, ...finding })));
  assert.ok(STATES[facts.subject.kind](facts, found).state.length > 0);
  return found.map(({ rule, cause }) => `${rule}: ${cause}`);
}
