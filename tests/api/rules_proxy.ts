/** Rules of the CRD of workspace proxies. */
import { partRules } from "./rules_parts.ts";
import { workloadRules } from "./rules_workload.ts";

/** As in `rules.ts`, without the kind. */
interface Case {
  readonly field: string;
  readonly accepted: readonly unknown[];
  readonly refused: readonly unknown[];
}

const longName = "a".repeat(254);
const bootstrap = (more: object = {}) => ({
  bootstrap: { coderURL: "https://coder.example.com", credentialsSecretRef: { name: "admin" }, ...more },
});
const controlPlane = (more: object = {}) => ({ controlPlaneRef: { name: "coder" }, ...more });
const registration = (fields: object) => controlPlane({ registration: fields });

/** What `bootstrap` and `registration` both have. */
const registrationRules = [["bootstrap", bootstrap], ["registration", registration]] as const;

/** What control planes have as well, in the same words. The name of the container is another. */
const shared: readonly Case[] = [...workloadRules, ...partRules]
  .filter(({ field }) => field !== "spec.initContainers")
  .map(({ field, accepted, refused }) => ({ field, accepted, refused }));

export const proxyRules: readonly Case[] = [
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
    accepted: [bootstrap()],
    refused: [bootstrap({ coderURL: "" }), bootstrap({ coderURL: "coder.example.com" })],
  },
  {
    field: "spec.bootstrap.credentialsSecretRef.name",
    accepted: [bootstrap({ credentialsSecretRef: { name: "a", key: "b" } })],
    refused: [bootstrap({ credentialsSecretRef: { name: " " } })],
  },
  ...registrationRules.flatMap(([field, spec]): Case[] => [
    {
      field: `spec.${field}.proxyName`,
      accepted: ["", "Europe 1", "primary-2"].map((proxyName) => spec({ proxyName })),
      refused: ["primary", "Primary"].map((proxyName) => spec({ proxyName })),
    },
    {
      field: `spec.${field}.generatedTokenSecretName`,
      accepted: ["", "a"].map((generatedTokenSecretName) => spec({ generatedTokenSecretName })),
      refused: ["A", longName].map((generatedTokenSecretName) => spec({ generatedTokenSecretName })),
    },
  ]),
  {
    field: "spec.controlPlaneRef.name",
    accepted: [controlPlane()],
    refused: ["", " "].map((name) => ({ controlPlaneRef: { name } })),
  },
  {
    field: "spec.controlPlaneRef.namespace",
    accepted: ["", "coder-system"].map((namespace) => ({ controlPlaneRef: { name: "coder", namespace } })),
    refused: [" ", "A", "a".repeat(64)].map((namespace) => ({
      controlPlaneRef: { name: "coder", namespace },
    })),
  },
  {
    field: "spec.bootstrap",
    accepted: [bootstrap({ displayName: "Europe", icon: "/emojis/1f1ea-1f1fa.png" })],
    refused: [controlPlane(bootstrap())],
  },
  {
    field: "spec.proxySessionTokenSecretRef",
    accepted: [{ ...bootstrap(), proxySessionTokenSecretRef: { name: "t" } }],
    refused: [controlPlane({ proxySessionTokenSecretRef: { name: "t" } })],
  },
  {
    field: "spec.registration",
    accepted: [registration({ displayName: "Europe", icon: "/emojis/1f1ea-1f1fa.png" })],
    refused: [{ registration: {} }, { ...bootstrap(), registration: {} }],
  },
  {
    field: "spec.extraEnv[].name",
    accepted: [{ extraEnv: [{ name: "A" }] }],
    refused: [{ extraEnv: [{ name: "=" }] }],
  },
  {
    field: "spec.envFrom",
    accepted: [{ envFrom: [{ configMapRef: { name: "a" } }, { secretRef: { name: "b" } }] }],
    refused: [{ envFrom: [{ configMapRef: { name: "a" }, secretRef: { name: "b" } }] }],
  },
  ...["configMapRef", "secretRef"].map((source) => ({
    field: `spec.envFrom[].${source}.name`,
    accepted: [{ envFrom: [{ [source]: { name: "a" } }] }],
    refused: [{ envFrom: [{ [source]: {} }] }],
  })),
  {
    field: "spec.serviceAccountName",
    accepted: ["", "proxy.sa"].map((serviceAccountName) => ({ serviceAccountName })),
    refused: [" ", "Proxy", longName].map((serviceAccountName) => ({ serviceAccountName })),
  },
  {
    field: "spec.initContainers",
    accepted: [{ initContainers: [{ name: "wait", image: "busybox" }] }],
    refused: [{ initContainers: [{ name: "workspace-proxy" }] }],
  },
  ...shared,
];
