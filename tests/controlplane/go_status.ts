/** What the Go operator writes into statuses. */

/** The status that the Go operator gives the control plane `coder`, for a generation and a namespace. */
export const GO_STATUS = (generation: number, namespace: string) => ({
  observedGeneration: generation,
  readyReplicas: 1,
  url: `http://coder.${namespace}.svc.cluster.local:80`,
  phase: "Ready",
  operatorTokenSecretRef: { name: "coder-operator-token", key: "token" },
  operatorAccessReady: true,
  licenseLastApplied: "2025-05-05T05:05:05Z",
  licenseLastAppliedHash: "27c1063bcd5d770162ac2d23000e21037534893e0b060251c72f964ebbcbbaf5",
  licenseTier: "premium",
  entitlementsLastChecked: "2025-05-05T05:05:05Z",
  externalProvisionerDaemonsEntitlement: "entitled",
  conditions: [{
    type: "LicenseApplied",
    status: "True",
    reason: "Applied",
    message: "license applied",
    lastTransitionTime: "2025-05-05T05:05:05Z",
  }],
});
