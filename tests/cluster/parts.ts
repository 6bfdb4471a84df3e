/** The command line of every part. */
import { type ClusterState, layout, type Part } from "./state.ts";

/** A program and its arguments. */
export interface PartCommand {
  program: string;
  args: string[];
}

/** The network of Services: never routed, only numbers. */
const SERVICE_RANGE = "10.96.0.0/16";

/**
 * Parts of the controller manager that a cluster without disks and machines has no work for. Those for clouds do not
 * start where there is none, and from 1.37 on it does not know them any more.
 */
const CONTROLLERS_OFF = [
  "node-ipam-controller",
  "persistentvolume-attach-detach-controller",
  "persistentvolume-expander-controller",
  "resourceclaim-controller",
  "storage-version-migrator-controller",
  "ttl-controller",
];

/** How to start `part`. Every command line names the cluster's directory: by that its process is known again. */
export function partCommand(state: ClusterState, part: Part): PartCommand {
  switch (part) {
    case "etcd":
      return { program: state.tools.path.etcd, args: etcdArgs(state) };
    case "apiserver":
      return { program: state.tools.path["kube-apiserver"], args: apiserverArgs(state) };
    case "controller-manager":
      return { program: state.tools.path["kube-controller-manager"], args: controllerManagerArgs(state) };
    case "scheduler":
      return { program: state.tools.path["kube-scheduler"], args: schedulerArgs(state) };
    case "kwok":
      return { program: state.tools.path.kwok, args: kwokArgs(state) };
  }
}

function etcdArgs({ dir, ports }: ClusterState): string[] {
  const files = layout(dir);
  const url = `https://127.0.0.1:${ports.etcd}`;
  return [
    `--data-dir=${files.etcdData}`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    // One member, no peers: any port will do.
    "--listen-peer-urls=http://127.0.0.1:0",
    // Mutual TLS under the cluster's own authority: should another cluster's API server ever find this port in place
    // of its own etcd, it is turned away.
    "--client-cert-auth=true",
    `--trusted-ca-file=${files.cert("ca")}`,
    `--cert-file=${files.cert("etcd")}`,
    `--key-file=${files.key("etcd")}`,
    // Losing data in a power cut is fine here; waiting for the disk is not.
    "--unsafe-no-fsync=true",
    "--snapshot-count=10000",
    "--quota-backend-bytes=4294967296",
    "--auto-compaction-mode=periodic",
    "--auto-compaction-retention=30m",
    "--log-level=warn",
  ];
}

function apiserverArgs({ dir, ports }: ClusterState): string[] {
  const files = layout(dir);
  return [
    `--etcd-servers=https://127.0.0.1:${ports.etcd}`,
    `--etcd-cafile=${files.cert("ca")}`,
    `--etcd-certfile=${files.cert("apiserver")}`,
    `--etcd-keyfile=${files.key("apiserver")}`,
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    `--secure-port=${ports.apiserver}`,
    // A loopback address may not be an endpoint.
    "--endpoint-reconciler-type=none",
    `--tls-cert-file=${files.cert("apiserver")}`,
    `--tls-private-key-file=${files.key("apiserver")}`,
    `--client-ca-file=${files.cert("ca")}`,
    `--requestheader-client-ca-file=${files.cert("front-proxy-ca")}`,
    "--requestheader-allowed-names=front-proxy-client",
    "--requestheader-username-headers=X-Remote-User",
    "--requestheader-uid-headers=X-Remote-Uid",
    "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    `--proxy-client-cert-file=${files.cert("front-proxy-client")}`,
    `--proxy-client-key-file=${files.key("front-proxy-client")}`,
    // Aggregated APIs are reached through the Service's address, so an ExternalName to localhost works.
    "--enable-aggregator-routing=false",
    "--authorization-mode=RBAC",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${files.serviceAccountPublicKey}`,
    `--service-account-signing-key-file=${files.serviceAccountKey}`,
    `--service-cluster-ip-range=${SERVICE_RANGE}`,
    "--allow-privileged=true",
    "--profiling=false",
    "--shutdown-delay-duration=0s",
    `--audit-policy-file=${files.auditPolicy}`,
    `--audit-log-path=${files.auditLog}`,
    "--audit-log-format=json",
    // Written before the request ends, never rotated: assertions read it right after.
    "--audit-log-mode=blocking",
    "--audit-log-maxsize=100000",
  ];
}

function controllerManagerArgs({ dir, ports }: ClusterState): string[] {
  const files = layout(dir);
  const kubeconfig = files.partKubeconfig("controller-manager");
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${ports["controller-manager"]}`,
    `--tls-cert-file=${files.cert("controller-manager")}`,
    `--tls-private-key-file=${files.key("controller-manager")}`,
    "--leader-elect=false",
    `--root-ca-file=${files.cert("ca")}`,
    `--service-account-private-key-file=${files.serviceAccountKey}`,
    `--cluster-signing-cert-file=${files.cert("ca")}`,
    `--cluster-signing-key-file=${files.key("ca")}`,
    `--service-cluster-ip-range=${SERVICE_RANGE}`,
    `--controllers=${["*", ...CONTROLLERS_OFF.map((name) => `-${name}`)].join(",")}`,
    // Quick where a real cluster spares its API server.
    "--kube-api-qps=500",
    "--kube-api-burst=1000",
    "--namespace-sync-period=1m",
    "--horizontal-pod-autoscaler-sync-period=5s",
    // Nodes are fake: a KWOK that a test stops must not have their pods evicted at once.
    "--node-monitor-period=1s",
    "--node-monitor-grace-period=5m",
    "--profiling=false",
  ];
}

function schedulerArgs({ dir, ports }: ClusterState): string[] {
  const files = layout(dir);
  const kubeconfig = files.partKubeconfig("scheduler");
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${ports.scheduler}`,
    `--tls-cert-file=${files.cert("scheduler")}`,
    `--tls-private-key-file=${files.key("scheduler")}`,
    "--leader-elect=false",
    "--kube-api-qps=500",
    "--kube-api-burst=1000",
    "--profiling=false",
  ];
}

function kwokArgs({ dir, ports }: ClusterState): string[] {
  const files = layout(dir);
  return [
    `--kubeconfig=${files.partKubeconfig("kwok")}`,
    `--config=${files.stages}`,
    "--manage-all-nodes=true",
    "--node-ip=127.0.0.1",
    "--cidr=10.244.0.1/16",
    // There is one KWOK: with leases a new one would wait up to 40 s for those of its killed predecessor.
    "--node-lease-duration-seconds=0",
    `--server-address=127.0.0.1:${ports.kwok}`,
  ];
}
