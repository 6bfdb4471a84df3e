/** What follows from what, for rules about Deployments. */

/** Of pods that are not ready. */
export const PODS_DOWN: readonly string[] = [
  "agent-never-connected",
  "agent-lost",
  "coder-access-lost",
  "coder-unreachable",
  "deployment-unavailable",
  "ingress-without-backend",
  "provisioner-not-connected",
  "proxy-unregistered",
  "proxy-unreachable",
  "rollout-stuck",
  "upgrade-stopped",
];

/** Of containers that cannot be made for want of a Secret. */
export const CONFIG_FOLLOWS: readonly string[] = [
  ...PODS_DOWN,
  "certificate-unreadable",
  "config-missing",
  "licence-missing-for-feature",
  "licence-not-applied",
  "proxy-token-missing",
  "readiness-failing",
  "volume-mount-failing",
];
