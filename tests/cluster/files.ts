/** Writes what the parts read at start: certificates, kubeconfigs, audit policy, KWOK's configuration. */
import { join } from "node:path";
import { kubeconfigText } from "./kubeconfig.ts";
import {
  type CertificateRequest,
  createAuthority,
  createSigningKey,
  issueCertificate,
  type KeyPair,
} from "./pki.ts";
import { type CertificateName, type ClusterState, layout, type Part } from "./state.ts";
import { linkAuditLog } from "./audit_folder.ts";

/** Groups that may do everything. */
const MASTERS = "system:masters";
const LOOPBACK = { dnsNames: ["localhost"], ipAddresses: ["127.0.0.1", "::1"] };

const CERTIFICATES: Partial<Record<CertificateName, CertificateRequest>> = {
  etcd: { commonName: "etcd", ...LOOPBACK, usage: ["server", "client"] },
  apiserver: {
    commonName: "kube-apiserver",
    dnsNames: [
      "localhost",
      "kubernetes",
      "kubernetes.default",
      "kubernetes.default.svc",
      "kubernetes.default.svc.cluster.local",
    ],
    ipAddresses: ["127.0.0.1", "::1", "10.96.0.1"],
    // Also its client certificate at etcd.
    usage: ["server", "client"],
  },
  admin: { commonName: "admin", organizations: [MASTERS], usage: ["client"] },
  "controller-manager": {
    commonName: "system:kube-controller-manager",
    // One identity for all controllers instead of a service account each: a second less to start.
    organizations: [MASTERS],
    ...LOOPBACK,
    usage: ["server", "client"],
  },
  scheduler: { commonName: "system:kube-scheduler", ...LOOPBACK, usage: ["server", "client"] },
  kwok: { commonName: "kwok", organizations: [MASTERS], usage: ["client"] },
};

/**
 * Who asked for what, how it was answered, no bodies. The cluster's own parts and health checks are left out: they
 * would be nearly all of it.
 */
const AUDIT_POLICY = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [
    {
      level: "None",
      users: ["system:apiserver", "system:kube-controller-manager", "system:kube-scheduler", "kwok"],
    },
    { level: "None", nonResourceURLs: ["/livez*", "/readyz*", "/healthz*"] },
    { level: "Metadata" },
  ],
};

/** Writes all files that a cluster's parts need. Keys are readable by their owner only. */
export async function writeFiles(state: ClusterState): Promise<void> {
  const files = layout(state.dir);
  for (const sub of ["pki", "kubeconfigs", "logs", "run"]) {
    await Deno.mkdir(join(state.dir, sub), { recursive: true, mode: 0o700 });
  }
  await linkAuditLog(files.auditLog, state.name);
  const ca = await createAuthority("coder-k8s-test-ca");
  const frontProxyCa = await createAuthority("coder-k8s-test-front-proxy-ca");
  const pairs = new Map<CertificateName, KeyPair>([["ca", ca], ["front-proxy-ca", frontProxyCa]]);
  pairs.set(
    "front-proxy-client",
    await issueCertificate(frontProxyCa, { commonName: "front-proxy-client", usage: ["client"] }),
  );
  for (const [name, request] of Object.entries(CERTIFICATES)) {
    pairs.set(name as CertificateName, await issueCertificate(ca, request));
  }
  for (const [name, pair] of pairs) {
    await writeSecret(files.cert(name), pair.certPem);
    await writeSecret(files.key(name), pair.keyPem);
  }
  const signing = await createSigningKey();
  await writeSecret(files.serviceAccountKey, signing.privateKeyPem);
  await writeSecret(files.serviceAccountPublicKey, signing.publicKeyPem);

  const server = `https://127.0.0.1:${state.ports.apiserver}`;
  const kubeconfig = (name: CertificateName) => {
    const credentials = pairs.get(name);
    if (!credentials) throw new Error(`no certificate named ${name}`);
    return kubeconfigText({ server, caPem: ca.certPem, credentials });
  };
  await writeSecret(files.kubeconfig, kubeconfig("admin"));
  const clients: Part[] = ["controller-manager", "scheduler", "kwok"];
  for (const part of clients) {
    await writeSecret(files.partKubeconfig(part), kubeconfig(part as CertificateName));
  }
  await Deno.writeTextFile(files.auditPolicy, JSON.stringify(AUDIT_POLICY));
  const stages = await Promise.all(state.tools.stages.map((path) => Deno.readTextFile(path)));
  await Deno.writeTextFile(files.stages, stages.join("\n---\n"));
}

function writeSecret(path: string, text: string): Promise<void> {
  return Deno.writeTextFile(path, text, { mode: 0o600 });
}
