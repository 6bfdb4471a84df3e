/** What is known of a cluster on disk: enough for any process to use, stop and start it. */
import { join } from "node:path";
import type { KeyPair } from "./pki.ts";
import { writeWhole } from "./paths.ts";
import type { Tools } from "./tools.ts";

/** The parts of a cluster, in the order in which they start. */
export const PARTS = ["etcd", "apiserver", "controller-manager", "scheduler", "kwok"] as const;
export type Part = typeof PARTS[number];

/** Content of `cluster.json`. It names files that hold keys, never the keys. */
export interface ClusterState {
  version: 1;
  name: string;
  dir: string;
  ports: Record<Part, number>;
  tools: Tools;
  /** Fake nodes. */
  nodes: number;
}

/** Files of a cluster. */
export function layout(dir: string) {
  const pki = (file: string) => join(dir, "pki", file);
  return {
    state: join(dir, "cluster.json"),
    kubeconfig: join(dir, "admin.kubeconfig"),
    partKubeconfig: (part: Part) => join(dir, "kubeconfigs", `${part}.kubeconfig`),
    auditPolicy: join(dir, "audit-policy.yaml"),
    auditLog: join(dir, "logs", "audit.log"),
    log: (part: Part) => join(dir, "logs", `${part}.log`),
    etcdData: join(dir, "etcd"),
    stages: join(dir, "kwok-stages.yaml"),
    cert: (name: CertificateName) => pki(`${name}.crt`),
    key: (name: CertificateName) => pki(`${name}.key`),
    serviceAccountKey: pki("service-account.key"),
    serviceAccountPublicKey: pki("service-account.pub"),
  };
}

/** Authorities and certificates that every cluster has. */
export type CertificateName =
  | "ca"
  | "front-proxy-ca"
  | "front-proxy-client"
  | "etcd"
  | "apiserver"
  | "admin"
  | "controller-manager"
  | "scheduler"
  | "kwok";

/** Reads `cluster.json`. */
export async function readState(path: string): Promise<ClusterState> {
  const state: unknown = JSON.parse(await Deno.readTextFile(path));
  const { version, name, dir } = (state ?? {}) as Partial<ClusterState>;
  if (version !== 1 || typeof name !== "string" || typeof dir !== "string") {
    throw new Error(`${path} is not the state of a test cluster that this version understands`);
  }
  return state as ClusterState;
}

/** Writes `cluster.json`: the cluster is complete from then on. */
export function writeState(state: ClusterState): Promise<void> {
  return writeWhole(layout(state.dir).state, JSON.stringify(state, null, 2) + "\n");
}

/** Reads a certificate and its key. */
export async function readKeyPair(dir: string, name: CertificateName): Promise<KeyPair> {
  const files = layout(dir);
  const [certPem, keyPem] = await Promise.all([
    Deno.readTextFile(files.cert(name)),
    Deno.readTextFile(files.key(name)),
  ]);
  return { certPem, keyPem };
}
