/** Where the leader election's Lease lives. */
import { readNamespace } from "../kube/kube_config.ts";

/** What the rule looks at. */
export interface LeaseNamespaceSources {
  /** `--leader-election-namespace`. */
  readonly configured?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The namespace in the pod's service-account directory. @default reads it */
  readonly serviceAccountNamespace?: () => string | undefined;
}

/** The Go operator's rule, so that both never lead at once: `POD_NAMESPACE`, service account, `kube-system`. */
export function leaseNamespace(sources: LeaseNamespaceSources): string {
  const { configured, environment, serviceAccountNamespace = readNamespace } = sources;
  const fromPod = environment["POD_NAMESPACE"]?.trim();
  return configured || fromPod || serviceAccountNamespace() || "kube-system";
}
