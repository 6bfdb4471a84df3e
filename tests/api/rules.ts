/** Every rule of the CRDs, each with specs that the API server must accept and specs that it must refuse. */
import type { Plural } from "./crds.ts";
import { partRules } from "./rules_parts.ts";
import { provisionerReference, provisionerRules } from "./rules_provisioner.ts";
import { proxyRules } from "./rules_proxy.ts";
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
    field: "spec.aggregation.naming",
    accepted: ["", "Auto", "Plain", "Prefixed"].map((naming) => ({ aggregation: { naming } })),
    refused: ["plain", "None"].map((naming) => ({ aggregation: { naming } })),
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
  ...partRules,
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
  ...[...proxyRules, ...serviceRules].map((rule): RuleCase => ({ ...rule, plural: "coderworkspaceproxies" })),
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
