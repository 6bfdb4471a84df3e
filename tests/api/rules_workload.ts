/** Rules of the CRDs about pods, Services and sign-in. */

/** As in `rules.ts`, without the kind. */
interface Case {
  readonly field: string;
  readonly accepted: readonly unknown[];
  readonly refused: readonly unknown[];
}

const service = (fields: object) => ({ service: fields });
const balanced = (fields: object) => service({ type: "LoadBalancer", ...fields });
const port = (fields: object) => service({ extraPorts: [{ name: "metrics", port: 2112, ...fields }] });
const budget = (fields: object) => ({ podDisruptionBudget: fields });
const oidc = (fields: object) => ({
  signIn: { oidc: { issuerURL: "https://id.example.com", clientID: "coder", ...fields } },
});
const github = (fields: object) => ({
  signIn: { github: { clientID: "coder", clientSecretRef: { name: "github" }, ...fields } },
});

const firstUser = (fields: object) => ({ firstUser: { secretName: "owner", ...fields } });

/** Cases of a choice: every one of `names` is accepted, others are not. */
function choice(
  field: string,
  names: readonly string[],
  spec: (value: string) => unknown,
): Case {
  return {
    field,
    accepted: names.map(spec),
    refused: ["", "Other", names[0]?.toLowerCase() ?? ""].map(spec),
  };
}

function portNumber(field: string, spec: (value: number) => unknown): Case {
  return { field, accepted: [1, 65535].map(spec), refused: [0, -1, 65536].map(spec) };
}

/** The Service group, which control planes and proxies share. */
export const serviceRules: readonly Case[] = [
  choice(
    "spec.service.sessionAffinity",
    ["None", "ClientIP"],
    (sessionAffinity) => service({ sessionAffinity }),
  ),
  choice(
    "spec.service.externalTrafficPolicy",
    ["Cluster", "Local"],
    (externalTrafficPolicy) => balanced({ externalTrafficPolicy }),
  ),
  {
    field: "spec.service.externalTrafficPolicy",
    accepted: [service({ type: "NodePort", externalTrafficPolicy: "Local" })],
    refused: [service({ externalTrafficPolicy: "Local" })],
  },
  choice(
    "spec.service.internalTrafficPolicy",
    ["Cluster", "Local"],
    (internalTrafficPolicy) => service({ internalTrafficPolicy }),
  ),
  {
    field: "spec.service.loadBalancerClass",
    accepted: [balanced({ loadBalancerClass: "service.k8s.aws/nlb" })],
    refused: [
      balanced({ loadBalancerClass: "" }),
      balanced({ loadBalancerClass: "a".repeat(317) }),
      service({ type: "NodePort", loadBalancerClass: "a/b" }),
      service({ loadBalancerClass: "a/b" }),
    ],
  },
  {
    field: "spec.service.loadBalancerIP",
    accepted: ["10.0.0.1", "fd00::1"].map((loadBalancerIP) => balanced({ loadBalancerIP })),
    refused: [
      ...["", "coder", "10.0.0"].map((loadBalancerIP) => balanced({ loadBalancerIP })),
      service({ loadBalancerIP: "10.0.0.1" }),
    ],
  },
  {
    field: "spec.service.loadBalancerSourceRanges",
    accepted: [balanced({ loadBalancerSourceRanges: [] })],
    refused: [service({ loadBalancerSourceRanges: ["10.0.0.0/8"] })],
  },
  {
    field: "spec.service.loadBalancerSourceRanges[]",
    accepted: [balanced({ loadBalancerSourceRanges: ["10.0.0.0/8", "fd00::/8"] })],
    refused: ["10.0.0.0", "all"].map((range) => balanced({ loadBalancerSourceRanges: [range] })),
  },
  choice(
    "spec.service.ipFamilyPolicy",
    ["SingleStack", "PreferDualStack", "RequireDualStack"],
    (ipFamilyPolicy) => service({ ipFamilyPolicy }),
  ),
  {
    field: "spec.service.ipFamilies",
    accepted: [service({ ipFamilies: ["IPv6", "IPv4"] })],
    refused: [service({ ipFamilies: ["IPv4", "IPv6", "IPv4"] })],
  },
  choice("spec.service.ipFamilies[]", ["IPv4", "IPv6"], (family) => service({ ipFamilies: [family] })),
  ...["httpNodePort", "httpsNodePort"].flatMap((field) => [
    portNumber(`spec.service.${field}`, (value) => balanced({ [field]: value })),
    {
      field: `spec.service.${field}`,
      accepted: [service({ type: "NodePort", [field]: 30080 })],
      refused: [service({ [field]: 30080 })],
    },
  ]),
  {
    field: "spec.service.extraPorts",
    accepted: [port({}), port({ targetPort: "metrics", protocol: "UDP", appProtocol: "http" })],
    refused: ["http", "https"].map((name) => port({ name })),
  },
  {
    field: "spec.service.extraPorts[].name",
    accepted: [port({ name: "prometheus-http" })],
    refused: ["", "A", "a.b", "a".repeat(64)].map((name) => port({ name })),
  },
  portNumber("spec.service.extraPorts[].port", (value) => port({ port: value })),
  portNumber("spec.service.extraPorts[].nodePort", (nodePort) => port({ nodePort })),
  choice("spec.service.extraPorts[].protocol", ["TCP", "UDP", "SCTP"], (protocol) => port({ protocol })),
];

/** Pods and their Deployment. */
export const workloadRules: readonly Case[] = [
  {
    field: "spec.initContainers",
    accepted: [{ initContainers: [{ name: "wait", image: "busybox" }] }],
    refused: [{ initContainers: [{ name: "wait" }, { name: "coder" }] }],
  },
  {
    field: "spec.podLabels.team",
    accepted: ["", "Blue_1"].map((team) => ({ podLabels: { team } })),
    refused: ["a b", "a".repeat(64)].map((team) => ({ podLabels: { team } })),
  },
  {
    field: "spec.priorityClassName",
    accepted: ["", "system-cluster-critical"].map((priorityClassName) => ({ priorityClassName })),
    refused: [" ", "High", "a".repeat(254)].map((priorityClassName) => ({ priorityClassName })),
  },
  {
    field: "spec.terminationGracePeriodSeconds",
    accepted: [0, 3600].map((terminationGracePeriodSeconds) => ({ terminationGracePeriodSeconds })),
    refused: [{ terminationGracePeriodSeconds: -1 }],
  },
  {
    field: "spec.strategy.type",
    accepted: ["", "Recreate", "RollingUpdate"].map((type) => ({ strategy: { type } })),
    refused: [{ strategy: { type: "recreate" } }],
  },
  {
    field: "spec.strategy.rollingUpdate",
    accepted: [
      { strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: "0%" } } },
      { strategy: { type: "RollingUpdate", rollingUpdate: {} } },
    ],
    refused: [{ strategy: { type: "Recreate", rollingUpdate: { maxSurge: 1 } } }],
  },
  {
    field: "spec.podDisruptionBudget",
    accepted: [budget({}), budget({ disabled: true }), budget({ minAvailable: 1 })],
    refused: [budget({ minAvailable: 1, maxUnavailable: 1 })],
  },
  ...["minAvailable", "maxUnavailable"].map((field) => ({
    field: `spec.podDisruptionBudget.${field}`,
    accepted: [0, 2, "0%", "50%", "100%"].map((value) => budget({ [field]: value })),
    refused: [-1, "101%", "1", "half", "50 %"].map((value) => budget({ [field]: value })),
  })),
];

/** How people sign in. */
export const signInRules: readonly Case[] = [
  {
    field: "spec.firstUser.secretName",
    accepted: [firstUser({})],
    refused: [firstUser({ secretName: "" }), firstUser({ secretName: " " })],
  },
  ...["usernameKey", "emailKey", "passwordKey", "nameKey"].map((field): Case => ({
    field: `spec.firstUser.${field}`,
    accepted: ["", "a.key_of-MINE1"].map((key) => firstUser({ [field]: key })),
    refused: ["a key", "a/key", "ä"].map((key) => firstUser({ [field]: key })),
  })),
  {
    field: "spec.signIn.oidc.issuerURL",
    accepted: [oidc({}), oidc({ issuerURL: "http://localhost:5556/dex" })],
    refused: ["", "id.example.com"].map((issuerURL) => oidc({ issuerURL })),
  },
  {
    field: "spec.signIn.oidc.clientID",
    accepted: [oidc({ clientID: "0oa1-b.c" })],
    refused: ["", " "].map((clientID) => oidc({ clientID })),
  },
  {
    field: "spec.signIn.oidc.clientSecretRef.name",
    accepted: [oidc({ clientSecretRef: { name: "oidc", key: "secret" } })],
    refused: [oidc({ clientSecretRef: { name: " " } })],
  },
  ...["scopes", "emailDomains"].map((field) => ({
    field: `spec.signIn.oidc.${field}[]`,
    accepted: [oidc({ [field]: ["openid", "example.com"] })],
    refused: [oidc({ [field]: ["a", ""] })],
  })),
  ...["usernameField", "emailField", "groupField", "signInText"].map((field) => ({
    field: `spec.signIn.oidc.${field}`,
    accepted: [oidc({ [field]: "claim" })],
    refused: [oidc({ [field]: "" })],
  })),
  {
    field: "spec.signIn.oidc.iconURL",
    accepted: [oidc({ iconURL: "https://id.example.com/icon.svg" })],
    refused: [oidc({ iconURL: "icon.svg" })],
  },
  {
    field: "spec.signIn.github",
    accepted: [
      github({ allowEveryone: true }),
      github({ allowEveryone: true, allowedOrgs: [] }),
      github({ allowEveryone: false, allowedOrgs: ["acme"] }),
      github({ allowedTeams: ["acme/devs"] }),
    ],
    refused: [
      github({}),
      github({ allowEveryone: false }),
      github({ allowedOrgs: [] }),
      github({ allowEveryone: true, allowedOrgs: ["acme"] }),
      github({ allowEveryone: true, allowedTeams: ["acme/devs"] }),
    ],
  },
  {
    field: "spec.signIn.github.clientID",
    accepted: [github({ allowEveryone: true, clientID: "Iv1.0" })],
    refused: [github({ allowEveryone: true, clientID: "" })],
  },
  {
    field: "spec.signIn.github.clientSecretRef.name",
    accepted: [github({ allowEveryone: true })],
    refused: [github({ allowEveryone: true, clientSecretRef: { name: "" } })],
  },
  {
    field: "spec.signIn.github.allowedOrgs[]",
    accepted: [github({ allowedOrgs: ["acme", "other"] })],
    refused: [github({ allowedOrgs: [""] })],
  },
  {
    field: "spec.signIn.github.allowedTeams[]",
    accepted: [github({ allowedTeams: ["acme/devs", "other/ops"] })],
    refused: ["acme", "acme/", "/devs", "a/b/c"].map((team) => github({ allowedTeams: [team] })),
  },
  {
    field: "spec.signIn.github.enterpriseBaseURL",
    accepted: [github({ allowEveryone: true, enterpriseBaseURL: "https://github.example.com" })],
    refused: [github({ allowEveryone: true, enterpriseBaseURL: "github.example.com" })],
  },
];
