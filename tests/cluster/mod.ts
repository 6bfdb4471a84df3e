/**
 * A real Kubernetes cluster for tests and demo: etcd, API server, controller manager, scheduler and KWOK's fake nodes,
 * started on free loopback ports in seconds, ended with the process that started it.
 *
 * ```ts
 * const cluster = await sharedCluster(); // or: await using cluster = await startCluster();
 * const namespace = await cluster.newNamespace("rollout");
 * await cluster.apply(yamlOrObjects, namespace);
 * const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace, name: "operator", throughFaults: true });
 * using frozen = cluster.faults.freeze({ resource: "deployments", watch: true });
 * const mark = await cluster.audit.mark();
 * await waitFor(async () => (await cluster.find(path))?.status?.readyReplicas === 1, { what: "a ready replica" });
 * (await cluster.audit.since(mark)).writes(serviceAccountUser({ namespace, name: "operator" }));
 * ```
 *
 * Stop, kill or restart parts on a cluster of your own only: the shared one belongs to everybody.
 */
export {
  type AuditEntry,
  type AuditFilter,
  AuditLog,
  type AuditMark,
  AuditView,
  type PolicyRule,
} from "./audit.ts";
export {
  Cluster,
  type ServiceAccountKubeconfigOptions,
  type ServiceAccountRef,
  serviceAccountUser,
} from "./cluster.ts";
export {
  FaultRig,
  type FaultRigOptions,
  FaultRule,
  type Match,
  type RuleOptions,
  type SeenRequest,
  type WatchEvent,
} from "./faults.ts";
export {
  gatewayApiFiles,
  type GatewayApiOptions,
  installGatewayApi,
  removeGatewayApi,
} from "./gateway_api.ts";
export type { KubectlOptions, KubectlResult } from "./kubectl.ts";
export { PartFailedError } from "./lifecycle.ts";
export {
  type CertificateRequest,
  createAuthority,
  issueCertificate,
  type KeyPair,
  serviceDnsNames,
} from "./pki.ts";
export { freePorts } from "./ports.ts";
export { type ProgressSink, standardError } from "./progress.ts";
export { RestError, type RestOptions, restRequest, type RestTarget } from "./rest.ts";
export { SHARED_CLUSTER_VARIABLE, sharedCluster, withSharedCluster } from "./shared.ts";
export { sideBySide } from "./side_by_side.ts";
export { startCluster, type StartOptions } from "./start.ts";
export type { Part } from "./state.ts";
export { ensureTools, type Tools, ToolsError } from "./tools.ts";
export { sleep, waitFor, type WaitOptions, WaitTimeoutError } from "./wait.ts";
