/** Every rule of the CRDs, each with specs that the API server must accept and specs that it must refuse. */
import type { Plural } from "./crds.ts";
import { provisionerReference, provisionerRules } from "./rules_provisioner.ts";
import { upgradeRules } from "./rules_upgrade.ts";
import { serviceRules, signInRules, workloadRules } from "./rules_workload.ts";

/** One rule. */
export interface RuleCase {
  readonly plural: Plural;
  /** The field that the API server names in its refusal. */
  readonly field: string;
  readonly accepted: readonly unknown[];
  readonly refused: readonly unknown[];
  /** Whether the Go operator's schema has the rule as well. */
  readonly upstream?: true;
}

const host = (host: unknown, more: object = {}) => ({ expose: { ingress: { host, ...more } } });
const gateway = (more: object) => ({
  expose: { gateway: { host: "coder.example.com", parentRefs: [{ name: "edge" }], ...more } },
});
const parent = (more: object) => gateway({ parentRefs: [{ name: "edge", ...more }] });
const longName = "a".repeat(254);

const controlPlane: Omit<RuleCase, "plural">[] = [
  {
    field: "spec.image",
    accepted: [{ image: "" }, { image: "registry:5000/coder@sha256:0" }],
    refused: [{ image: " " }, { image: "coder " }],
  },
  {
    field: "spec.replicas",
    accepted: [{ replicas: 0 }, { replicas: 1 }, { replicas: 3 }],
    refused: [{ replicas: -1 }],
  },
  {
    field: "spec.service.type",
    accepted: ["ClusterIP", "NodePort", "LoadBalancer", ""].map((type) => ({ service: { type } })),
    refused: ["ExternalName", "Loadbalancer"].map((type) => ({ service: { type } })),
  },
  {
    field: "spec.service.port",
    accepted: [0, 1, 8080, 65535].map((port) => ({ service: { port } })),
    refused: [-1, 65536].map((port) => ({ service: { port } })),
  },
  {
    field: "spec.extraEnv[].name",
    accepted: [
      { extraEnv: [{ name: "CODER_ACCESS_URL", value: "a" }, { name: "CODER_ACCESS_URL", value: "b" }] },
      { extraEnv: [{ name: "with space and-dash.dot" }] },
    ],
    refused: [{ extraEnv: [{ name: "" }] }, { extraEnv: [{ name: "A=B" }] }, { extraEnv: [{ name: "ä" }] }],
  },
  {
    field: "spec.envFrom",
    upstream: true,
    accepted: [{ envFrom: [{ configMapRef: { name: "a" } }, { secretRef: { name: "b" } }] }],
    refused: [{ envFrom: [{ configMapRef: { name: "a" }, secretRef: { name: "b" } }] }],
  },
  {
    field: "spec.envFrom[].configMapRef.name",
    accepted: [{ envFrom: [{ configMapRef: { name: "a" }, prefix: "CODER_" }] }],
    refused: [{ envFrom: [{ configMapRef: {} }] }, { envFrom: [{ configMapRef: { name: "" } }] }],
  },
  {
    field: "spec.envFrom[].secretRef.name",
    accepted: [{ envFrom: [{ secretRef: { name: "a", optional: true } }] }],
    refused: [{ envFrom: [{ secretRef: {} }] }],
  },
  {
    field: "spec.operatorAccess.generatedTokenSecretName",
    accepted: ["", "token", " token ", "a.b"].map((name) => ({
      operatorAccess: { generatedTokenSecretName: name },
    })),
    refused: ["A", "a_b"].map((name) => ({ operatorAccess: { generatedTokenSecretName: name } })),
  },
  ...["databaseURLSecretRef", "databaseCASecretRef", "bootstrapTokenSecretRef"].map((reference) => ({
    field: `spec.operatorAccess.${reference}.name`,
    accepted: [{ name: "db" }, { name: " db ", key: "dsn" }].map((value) => ({
      operatorAccess: { [reference]: value },
    })),
    refused: [{ name: "" }, { name: " " }].map((value) => ({ operatorAccess: { [reference]: value } })),
  })),
  {
    field: "spec.operatorAccess.tokenLifetimeDays",
    accepted: [1, 30, 365].map((tokenLifetimeDays) => ({ operatorAccess: { tokenLifetimeDays } })),
    refused: [0, 366].map((tokenLifetimeDays) => ({ operatorAccess: { tokenLifetimeDays } })),
  },
  {
    field: "spec.licenseSecretRef.name",
    accepted: [{ licenseSecretRef: { name: "licence" } }, {
      licenseSecretRef: { name: "licence", key: "jwt" },
    }],
    refused: [{ licenseSecretRef: { name: "" } }, { licenseSecretRef: { name: " " } }],
  },
  {
    field: "spec.serviceAccount.name",
    accepted: [{ serviceAccount: { name: "" } }, { serviceAccount: { name: "coder.sa" } }],
    refused: [" ", "Coder", longName].map((name) => ({ serviceAccount: { name } })),
  },
  {
    field: "spec.serviceAccount.labels.team",
    accepted: ["", "Blue_1"].map((team) => ({ serviceAccount: { labels: { team } } })),
    refused: ["a b", "-a", "a".repeat(64)].map((team) => ({ serviceAccount: { labels: { team } } })),
  },
  {
    field: "spec.rbac.workspaceNamespaces[]",
    accepted: [{ rbac: { workspaceNamespaces: ["workspaces", " padded "] } }],
    refused: [{ rbac: { workspaceNamespaces: [" "] } }, { rbac: { workspaceNamespaces: ["a.b"] } }],
  },
  {
    field: "spec.tls.secretNames[]",
    accepted: [{ tls: { secretNames: ["my-tls", "my.tls"] } }],
    refused: [{ tls: { secretNames: [""] } }, { tls: { secretNames: ["a", " "] } }],
  },
  {
    field: "spec.certs.secrets[].name",
    accepted: [{ certs: { secrets: [{ name: "ca", key: "ca.crt" }] } }],
    refused: [{ certs: { secrets: [{ name: "", key: "ca.crt" }] } }],
  },
  {
    field: "spec.certs.secrets[].key",
    accepted: [{ certs: { secrets: [{ name: "ca", key: "a" }, { name: "ca", key: "b" }] } }],
    refused: [{ certs: { secrets: [{ name: "ca", key: " " }] } }],
  },
  ...["readinessProbe", "livenessProbe"].flatMap((probe) =>
    ["initialDelaySeconds", "periodSeconds", "timeoutSeconds", "successThreshold", "failureThreshold"].map((
      field,
    ) => ({
      field: `spec.${probe}.${field}`,
      accepted: [0, 1].map((value) => ({ [probe]: { [field]: value } })),
      refused: [{ [probe]: { [field]: -1 } }],
    }))
  ),
  {
    field: "spec.livenessProbe.successThreshold",
    accepted: [
      { livenessProbe: { enabled: true, successThreshold: 1 } },
      { livenessProbe: { enabled: false, successThreshold: 2 } },
      { readinessProbe: { enabled: true, successThreshold: 2 } },
    ],
    refused: [{ livenessProbe: { enabled: true, successThreshold: 2 } }],
  },
  {
    field: "spec.expose",
    upstream: true,
    accepted: [{ expose: {} }, host("coder.example.com"), gateway({})],
    refused: [{ expose: { ...host("coder.example.com").expose, ...gateway({}).expose } }],
  },
  {
    field: "spec.expose.ingress.host",
    accepted: ["coder", "coder.example.com", " coder.example.com "].map((name) => host(name)),
    refused: [
      "",
      " ",
      "Coder.example.com",
      "https://coder.example.com",
      "coder_1",
      "*.example.com",
      "coder.example.com:8443",
      "10.0.0.1",
      longName,
    ].map((name) => host(name)),
  },
  {
    field: "spec.expose.ingress.wildcardHost",
    accepted: ["", "*.coder.example.com"].map((wildcardHost) => host("coder.example.com", { wildcardHost })),
    refused: ["*", "a.*.example.com", "apps.example.com", `*.${longName}`].map((wildcardHost) =>
      host("coder.example.com", { wildcardHost })
    ),
  },
  ...["className", "tls.secretName"].map((field) => {
    const named = (name: string) =>
      host("coder.example.com", field === "className" ? { className: name } : { tls: { secretName: name } });
    return {
      field: `spec.expose.ingress.${field}`,
      accepted: ["", "nginx", " a.b-c "].map(named),
      refused: ["Nginx", "a_b", longName].map(named),
    };
  }),
  {
    field: "spec.expose.ingress.tls.wildcardSecretName",
    accepted: [
      host("a", { wildcardHost: "*.a", tls: { secretName: "s", wildcardSecretName: "w" } }),
      host("a", { tls: { secretName: "s" } }),
      host("a", { tls: { wildcardSecretName: " " } }),
    ],
    refused: [
      host("a", { tls: { wildcardSecretName: "w" } }),
      host("a", { wildcardHost: " ", tls: { wildcardSecretName: "w" } }),
      host("a", { wildcardHost: "*.a", tls: { wildcardSecretName: "W" } }),
    ],
  },
  {
    field: "spec.expose.gateway.host",
    accepted: [gateway({ host: "coder.example.com" })],
    refused: ["", "a b", "*.a", "10.0.0.1", longName].map((host) => gateway({ host })),
  },
  {
    field: "spec.expose.gateway.wildcardHost",
    accepted: [gateway({ wildcardHost: "*.coder.example.com" })],
    refused: ["**.example.com", "apps.example.com"].map((wildcardHost) => gateway({ wildcardHost })),
  },
  {
    field: "spec.expose.gateway.parentRefs",
    upstream: true,
    accepted: [gateway({ parentRefs: [{ name: "a" }, { name: "b" }] })],
    refused: [gateway({ parentRefs: [] })],
  },
  {
    field: "spec.expose.gateway.parentRefs",
    accepted: [
      [{ name: "a", sectionName: "web" }, { name: "a", sectionName: "websecure" }],
      [{ name: "a", namespace: "x" }, { name: "a", namespace: "y" }, { name: "a" }],
      Array.from({ length: 32 }, (_, index) => ({ name: `gateway-${index}` })),
    ].map((parentRefs) => gateway({ parentRefs })),
    refused: [
      [{ name: "a" }, { name: "a" }],
      [{ name: "a", sectionName: "web" }, { name: "a" }],
      [{ name: "a", namespace: "x", sectionName: "web" }, { name: "a", namespace: "x", sectionName: "web" }],
      Array.from({ length: 33 }, (_, index) => ({ name: `gateway-${index}` })),
    ].map((parentRefs) => gateway({ parentRefs })),
  },
  {
    field: "spec.expose.gateway.parentRefs[].name",
    accepted: [parent({ name: "edge" })],
    refused: [parent({ name: "" }), parent({ name: longName })],
  },
  {
    field: "spec.expose.gateway.parentRefs[].namespace",
    accepted: [parent({ namespace: "edge" })],
    refused: [" ", "Edge", "a".repeat(64)].map((namespace) => parent({ namespace })),
  },
  {
    field: "spec.expose.gateway.parentRefs[].sectionName",
    accepted: [parent({ sectionName: "https" })],
    refused: [parent({ sectionName: "" }), parent({ sectionName: longName })],
  },
];

const bootstrap = (more: object) => ({
  bootstrap: { coderURL: "https://coder.example.com", credentialsSecretRef: { name: "admin" }, ...more },
});
const proxy: Omit<RuleCase, "plural">[] = [
  { field: "spec.image", accepted: [{ image: "" }], refused: [{ image: "\ta" }] },
  { field: "spec.replicas", accepted: [{ replicas: 2 }], refused: [{ replicas: -5 }] },
  {
    field: "spec.service.type",
    accepted: [{ service: { type: "LoadBalancer" } }],
    refused: [{ service: { type: "ExternalName" } }],
  },
  {
    field: "spec.service.port",
    accepted: [{ service: { port: 443 } }],
    refused: [{ service: { port: 100000 } }],
  },
  {
    field: "spec.primaryAccessURL",
    accepted: ["", "https://coder.example.com/base", "HTTP://c"].map((primaryAccessURL) => ({
      primaryAccessURL,
    })),
    refused: ["coder.example.com", "ftp://c", "https://"].map((primaryAccessURL) => ({ primaryAccessURL })),
  },
  {
    field: "spec.proxySessionTokenSecretRef.name",
    accepted: [{ proxySessionTokenSecretRef: { name: "t" } }],
    refused: [{ proxySessionTokenSecretRef: { name: "" } }],
  },
  {
    field: "spec.bootstrap.coderURL",
    accepted: [bootstrap({})],
    refused: [bootstrap({ coderURL: "" }), bootstrap({ coderURL: "coder.example.com" })],
  },
  {
    field: "spec.bootstrap.credentialsSecretRef.name",
    accepted: [bootstrap({ credentialsSecretRef: { name: "a", key: "b" } })],
    refused: [bootstrap({ credentialsSecretRef: { name: " " } })],
  },
  {
    field: "spec.bootstrap.generatedTokenSecretName",
    accepted: ["", "a"].map((generatedTokenSecretName) => bootstrap({ generatedTokenSecretName })),
    refused: ["A", longName].map((generatedTokenSecretName) => bootstrap({ generatedTokenSecretName })),
  },
  {
    field: "spec.extraEnv[].name",
    accepted: [{ extraEnv: [{ name: "A" }] }],
    refused: [{ extraEnv: [{ name: "=" }] }],
  },
];

/** All of them. */
export const ruleCases: readonly RuleCase[] = [
  ...[...controlPlane, ...serviceRules, ...workloadRules, ...signInRules, ...upgradeRules].map((
    rule,
  ): RuleCase => ({
    ...rule,
    plural: "codercontrolplanes",
  })),
  ...provisionerRules.map((rule): RuleCase => ({ ...rule, plural: "coderprovisioners" })),
  ...[...proxy, ...serviceRules].map((rule): RuleCase => ({ ...rule, plural: "coderworkspaceproxies" })),
];

/** Names of objects. */
export const nameCases: readonly { plural: Plural; accepted: string[]; refused: string[]; spec: unknown }[] =
  [
    {
      plural: "codercontrolplanes",
      accepted: ["coder", "c1-2", "a".repeat(63)],
      refused: ["my.coder", "1coder", "a".repeat(64)],
      spec: {},
    },
    {
      plural: "coderprovisioners",
      accepted: ["my.prov", "1", "a".repeat(180)],
      refused: [],
      spec: provisionerReference,
    },
    {
      plural: "coderworkspaceproxies",
      accepted: ["eu", "1", "a".repeat(70)],
      refused: ["eu.west"],
      spec: {},
    },
  ];
