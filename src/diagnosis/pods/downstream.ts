/** What follows from a pod that does not run, by rule. */

/** Rules that a pod which does not run explains, whatever keeps it from running. */
export const NOT_RUNNING: readonly string[] = [
  "agent-never-connected",
  "agent-lost",
  "app-unhealthy",
  "build-abandoned",
  "coder-access-lost",
  "coder-unreachable",
  "control-plane-not-ready",
  "deployment-unavailable",
  "ingress-without-backend",
  "network-policy-blocks",
  "provisioner-not-connected",
  "proxy-not-registered",
  "proxy-unhealthy",
  "proxy-unreachable",
  "proxy-unregistered",
  "rollout-stuck",
  "terraform-error",
  "upgrade-stopped",
  "workspace-build-stuck",
];

/** As `NOT_RUNNING`, for pods that nobody could even make or place: nothing ran that could have failed. */
export const NOT_STARTED: readonly string[] = [...NOT_RUNNING, "readiness-failing"];
