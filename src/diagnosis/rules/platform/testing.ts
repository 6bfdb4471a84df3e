/** Facts about control planes and proxies that are well, for tests that break one of them. */
import assert from "node:assert/strict";
import type { EntitlementFacts, ProxyFacts } from "../../coder_facts.ts";
import type { FactName, Facts } from "../../facts.ts";
import type { CertificateFacts, SecretFacts } from "../../kubernetes_facts.ts";
import type { Seen } from "../../seen.ts";
import type { SubjectKind } from "../../subject.ts";
import { NOW } from "../../testing.ts";
import type { Finding, Rule } from "../../types.ts";

/** So many seconds before now, RFC 3339; less than 0: after now. */
export function ago(seconds: number): string {
  return new Date(NOW - seconds * 1_000).toISOString().replace(".000", "");
}

export const seen = (value: unknown): Seen<never> => ({ state: "seen", value: value as never });
export const absent: Seen<never> = { state: "absent" };
export const unread = (
  why = "no",
  kind: "forbidden" | "unreachable" | "timeout" | "notServed" = "forbidden",
): Seen<never> => ({ state: "unread", what: "look at it", kind, why });

/** A condition, five minutes old. */
export function condition(
  type: string,
  status: string,
  reason: string,
  message = `${reason} it is`,
  at = ago(300),
): object {
  return { type, status, reason, message, lastTransitionTime: at };
}

interface OwnerParts {
  readonly metadata?: object;
  readonly spec?: object;
  readonly status?: object;
  /** In place of those with the same type. */
  readonly conditions?: readonly object[];
}

const WELL = [
  condition("Ready", "True", "Ready"),
  condition("Available", "True", "PodsAvailable"),
  condition("Progressing", "False", "RolloutComplete"),
  condition("Degraded", "False", "AsExpected", "Nothing is wrong"),
];

function owner(
  name: string,
  more: readonly object[],
  { metadata, spec, status, conditions = [] }: OwnerParts,
) {
  const types = new Set(conditions.map((one) => (one as { type: string }).type));
  const kept = [...WELL, ...more].filter((one) => !types.has((one as { type: string }).type));
  return {
    metadata: {
      namespace: "lab",
      name,
      uid: "u1",
      creationTimestamp: ago(86_400),
      generation: 2,
      ...metadata,
    },
    spec: { replicas: 2, ...spec },
    status: { observedGeneration: 2, readyReplicas: 2, conditions: [...kept, ...conditions], ...status },
  };
}

/** `lab/coder` with two pods, a database and the operator's access. */
export function controlPlane(parts: OwnerParts = {}): object {
  return owner("coder", [
    condition("CoderReachable", "True", "Answers"),
    condition("OperatorAccess", "True", "TokenValid"),
  ], {
    ...parts,
    status: { url: "http://coder.lab.svc.cluster.local:80", version: "v2.30.0", ...parts.status },
  });
}

/** `lab/paris`, registered with `lab/coder`. */
export function proxy(parts: OwnerParts = {}): object {
  return owner("paris", [
    condition("Registered", "True", "Registered"),
    condition("Healthy", "True", "Healthy"),
  ], {
    ...parts,
    spec: { controlPlaneRef: { name: "coder" }, ...parts.spec },
    status: { registration: { id: "p1", name: "paris" }, ...parts.status },
  });
}

interface DeploymentParts {
  readonly name?: string;
  readonly wanted?: number;
  readonly ready?: number;
  readonly conditions?: readonly object[];
  readonly template?: object;
}

/** Complete, with as many pods as are wanted. */
export function deployment(
  { name = "coder", wanted = 2, ready = wanted, conditions, template = { spec: { containers: [] } } }:
    DeploymentParts = {},
): object {
  return {
    metadata: { namespace: "lab", name, generation: 4 },
    spec: { replicas: wanted, template },
    status: {
      observedGeneration: 4,
      replicas: wanted,
      updatedReplicas: wanted,
      readyReplicas: ready,
      conditions: conditions ?? [
        condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."),
        condition("Progressing", "True", "NewReplicaSetAvailable"),
      ],
    },
  };
}

/** A pod, ready since ten minutes, or with these words of its one container. */
export function pod(
  name = "coder-0",
  { ready = true, state = undefined as object | undefined, labels = {} } = {},
): object {
  return {
    metadata: {
      namespace: "lab",
      name,
      uid: `uid-${name}`,
      creationTimestamp: ago(600),
      labels: { app: "coder", ...labels },
    },
    spec: { nodeName: "n1", containers: [{ name: "coder", image: "ghcr.io/coder/coder:v2.30.0" }] },
    status: {
      phase: ready ? "Running" : "Pending",
      conditions: [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: ago(590) }],
      containerStatuses: [{
        name: "coder",
        ready,
        restartCount: 0,
        state: state ?? { running: { startedAt: ago(595) } },
      }],
    },
  };
}

export function entitlements(parts: Partial<EntitlementFacts> = {}): EntitlementFacts {
  return { hasLicense: true, trial: false, features: {}, errors: [], warnings: [], expiries: [], ...parts };
}

export function coderProxy(parts: Partial<ProxyFacts> = {}): ProxyFacts {
  return {
    name: "paris",
    status: "ok",
    pathAppUrl: "https://paris.example.com",
    wildcardHostname: "",
    version: "v2.30.0",
    errors: [],
    warnings: [],
    checkedAt: ago(30),
    ...parts,
  };
}

export function certificate(parts: Partial<CertificateFacts> = {}): CertificateFacts {
  return {
    subject: "CN=coder.example.com",
    issuer: "CN=Lab CA",
    names: ["coder.example.com"],
    notBefore: ago(30 * 86_400),
    notAfter: ago(-60 * 86_400),
    isCA: false,
    matchesKey: true,
    ...parts,
  };
}

export function secret(parts: Partial<SecretFacts> = {}): SecretFacts {
  return {
    namespace: "lab",
    name: "db",
    isThere: true,
    usedBy: "container coder, env CODER_PG_CONNECTION_URL",
    isOptional: false,
    neededKeys: ["url"],
    keys: { url: 40 },
    type: "Opaque",
    ...parts,
  };
}

type Parts = { readonly [Name in FactName]?: Seen<never> | undefined };

/** Everything about `lab/coder`, or `lab/paris`, that is well, with these facts in place of others. */
export function factsOf(kind: SubjectKind, parts: Parts = {}): Facts {
  const name = kind === "proxy" ? "paris" : "coder";
  const child = kind === "proxy" ? "wsproxy-paris" : "coder";
  const own: Parts = kind === "proxy"
    ? { proxy: seen(proxy()), coderProxies: seen([coderProxy()]) }
    : { apiService: seen(apiService()) };
  return {
    subject: { kind, namespace: "lab", name },
    now: NOW,
    controlPlane: seen(controlPlane()),
    ...own,
    deployment: seen(deployment({ name: child })),
    pods: seen([pod(`${child}-0`), pod(`${child}-1`)]),
    podLogs: undefined,
    events: seen([]),
    service: seen(service({ name: child })),
    endpoints: seen({ service: child, ready: 2, notReady: 0 }),
    secrets: seen([secret()]),
    operatorLease: seen(lease(5)),
    coderAlive: seen({ version: "v2.30.0" }),
    entitlements: seen(
      entitlements({ features: { workspace_proxy: { entitlement: "entitled", enabled: true } } }),
    ),
    ...parts,
  } as Facts;
}

export function service({ name = "coder", port = 80, selector = { app: "coder" } } = {}): object {
  return { metadata: { namespace: "lab", name }, spec: { selector, ports: [{ name: "http", port }] } };
}

/** Renewed so many seconds ago. */
export function lease(renewed: number): object {
  return {
    metadata: { namespace: "coder-system", name: "coder-k8s-controller.coder.com" },
    spec: { holderIdentity: "coder-k8s-0_x", leaseDurationSeconds: 15, renewTime: ago(renewed) },
  };
}

export function apiService(available: object = condition("Available", "True", "Passed")): object {
  return {
    metadata: { name: "v1alpha1.aggregation.coder.com" },
    spec: { service: { namespace: "coder-system", name: "coder-k8s-apiserver", port: 443 } },
    status: { conditions: [available] },
  };
}

/** What a rule says of these facts: the sentences. Everything else of its findings has to be in order. */
export function causes(rule: Rule, facts: Facts): readonly string[] {
  return findings(rule, facts).map(({ cause }) => cause);
}

/** As `causes`, whole. */
export function findings(rule: Rule, facts: Facts): readonly Finding[] {
  assert.ok(rule.subjects.includes(facts.subject.kind), `${rule.id} is not for a ${facts.subject.kind}`);
  const found = rule.find(facts);
  for (const { cause, evidence, next } of found) {
    assert.match(cause, /^[A-Z].*\S$/s, cause);
    assert.doesNotMatch(JSON.stringify(found), /undefined|NaN|\[object/, cause);
    assert.ok(
      evidence.length > 0 && evidence.every(({ source, quote }) => source !== "" && quote !== ""),
      cause,
    );
    assert.ok(evidence.every(({ at }) => at === undefined || Number.isFinite(Date.parse(at))), cause);
    assert.ok(next.some(({ command, tool }) => command !== undefined || tool !== undefined), cause);
  }
  return found;
}

/** It says nothing of what is well, and nothing where one of these was not read. */
export function assertCareful(rule: Rule, broken: Facts, ...needed: readonly FactName[]): void {
  for (const kind of rule.subjects) {
    if (kind === "controlplane" || kind === "proxy") {
      assert.deepEqual(rule.find(factsOf(kind)), [], `well ${kind}`);
    }
  }
  for (const name of needed) {
    for (const lacking of [unread(), undefined]) {
      assert.deepEqual(rule.find({ ...broken, [name]: lacking }), [], `without ${name}`);
    }
  }
}
