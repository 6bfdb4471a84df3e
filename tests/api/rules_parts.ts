/** Rules of the CRDs about certificates, probes and exposure, which control planes and proxies share. */

/** As in `rules.ts`, without the kind. */
interface Case {
  readonly field: string;
  readonly accepted: readonly unknown[];
  readonly refused: readonly unknown[];
  readonly upstream?: true;
}

const host = (host: unknown, more: object = {}) => ({ expose: { ingress: { host, ...more } } });
const gateway = (more: object) => ({
  expose: { gateway: { host: "coder.example.com", parentRefs: [{ name: "edge" }], ...more } },
});
const parent = (more: object) => gateway({ parentRefs: [{ name: "edge", ...more }] });
const longName = "a".repeat(254);

export const partRules: readonly Case[] = [
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
