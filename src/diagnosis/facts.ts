/**
 * All that rules may know, by name. Collectors fill in what matters for the subject; what nobody looked for is
 * `undefined`. Values of Secrets, tokens and environment variables are never among them.
 */
import type { CoderControlPlane } from "../api/control_plane.ts";
import type {
  APIService,
  Deployment,
  Ingress,
  Lease,
  NetworkPolicy,
  Node,
  PersistentVolumeClaim,
  Pod,
  ResourceQuota,
  Service,
} from "../api/kubernetes/types.ts";
import type { CoderProvisioner } from "../api/provisioner.ts";
import type { CoderWorkspace } from "../api/workspace.ts";
import type { CoderWorkspaceProxy } from "../api/workspace_proxy.ts";
import type {
  BuildFacts,
  DaemonFacts,
  EntitlementFacts,
  JobFacts,
  KeyFacts,
  LogLine,
  ProxyFacts,
  QuotaFacts,
  VersionFacts,
} from "./coder_facts.ts";
import type { CoreEvent } from "./core_events.ts";
import type {
  ContainerLog,
  EndpointFacts,
  IngressClassFacts,
  RouteFacts,
  SecretFacts,
} from "./kubernetes_facts.ts";
import type { Seen } from "./seen.ts";
import type { Subject } from "./subject.ts";

/** What each name means. */
export interface FactTypes {
  // The objects of coder.com and aggregation.coder.com.
  /** The subject, or the one that the subject belongs to. */
  controlPlane: CoderControlPlane;
  /** All of the subject's namespace. */
  controlPlanes: readonly CoderControlPlane[];
  provisioner: CoderProvisioner;
  /** All of the control plane's namespace: they may serve a workspace's build. */
  provisioners: readonly CoderProvisioner[];
  proxy: CoderWorkspaceProxy;
  workspace: CoderWorkspace;

  // Coder.
  /** It answers: its version. */
  coderAlive: { readonly version: string };
  /** The latest build of the workspace, with its job and its agents. */
  build: BuildFacts;
  /** The end of the latest build's log, oldest first. */
  buildLog: readonly LogLine[];
  /** The end of the logs of agents whose start failed; `stage` is the agent. */
  agentLog: readonly LogLine[];
  /** The version that the build uses. */
  templateVersion: VersionFacts;
  /** Daemons of the organization, offline ones included. */
  daemons: readonly DaemonFacts[];
  /** Jobs of the organization that are pending or running. */
  jobs: readonly JobFacts[];
  keys: readonly KeyFacts[];
  quota: QuotaFacts;
  entitlements: EntitlementFacts;
  coderProxies: readonly ProxyFacts[];

  // Kubernetes.
  /** Pods of the subject: of the workspace, or of the Deployment. */
  pods: readonly Pod[];
  /** The last lines of containers that end again and again. */
  podLogs: readonly ContainerLog[];
  /** Of all that is about the subject: its object, pods, replica sets, Deployment, claims, routes; newest first. */
  events: readonly CoreEvent[];
  /** Volume claims that the pods mount; those that are missing are in `missingClaims`. */
  claims: readonly PersistentVolumeClaim[];
  missingClaims: readonly string[];
  nodes: readonly Node[];
  /** Of the pods' namespaces. */
  quotas: readonly ResourceQuota[];
  /** Of the pods' namespaces. */
  networkPolicies: readonly NetworkPolicy[];
  deployment: Deployment;
  service: Service;
  endpoints: EndpointFacts;
  ingress: Ingress;
  /** All of the cluster, where the Ingress has no address. */
  ingressClasses: readonly IngressClassFacts[];
  routes: readonly RouteFacts[];
  /** Those that the subject's spec names, also where they are missing (`isThere: false`). */
  secrets: readonly SecretFacts[];
  /** `v1alpha1.aggregation.coder.com` */
  apiService: APIService;
  /** Of the operator's leader. */
  operatorLease: Lease;
}

/** Name of a fact. */
export type FactName = keyof FactTypes;

/** What collectors have found. */
export type Facts = { readonly [Name in FactName]?: Seen<FactTypes[Name]> } & {
  readonly subject: Subject;
  /** Milliseconds since 1970. */
  readonly now: number;
};
