/** Which Lease, in which namespace, and who we are in it: the Go operator's rules, so that both contend for one. */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import process from "node:process";
import { readNamespace, SERVICE_ACCOUNT_DIRECTORY } from "../config/kube_config.ts";

/** Name of the controllers' Lease. */
export const LEASE_NAME = "coder-k8s-controller.coder.com";

export interface LeaseNamespaceOptions {
  /** `--leader-election-namespace`. */
  flag?: string | undefined;
  /** @default {process.env} */
  env?: Readonly<Record<string, string | undefined>>;
  /** @default {"/var/run/secrets/kubernetes.io/serviceaccount"} */
  serviceAccountDirectory?: string;
}

/** The flag, else `POD_NAMESPACE`, else the service account's namespace, else `kube-system`; blanks count as nothing. */
export function leaseNamespace(options: LeaseNamespaceOptions = {}): string {
  const { flag, env = process.env, serviceAccountDirectory = SERVICE_ACCOUNT_DIRECTORY } = options;
  return flag?.trim() || env["POD_NAMESPACE"]?.trim() || readNamespace(serviceAccountDirectory) ||
    "kube-system";
}

/** `<hostname>_<uuid>`: new for every process, so that a restarted pod is not mistaken for its former self. */
export function newIdentity(): string {
  return `${hostname()}_${randomUUID()}`;
}
