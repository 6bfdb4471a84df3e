/** Pods that may run as root only where root is theirs alone. */
import type { KubeObject } from "../../api/object.ts";
import { InstallError } from "./error.ts";
import { wordsOf } from "./objects.ts";

interface PodSpec {
  readonly hostUsers?: boolean;
}

/** Whether its pods are to have a user namespace of their own. */
export function needsUserNamespace(object: KubeObject): boolean {
  return podSpecOf(object)?.hostUsers === false;
}

/**
 * API servers that do not know the field, or have it switched off, drop it without a word: such pods would be root of the
 * node, with all that they may do.
 *
 * @param live what the API server makes of it
 * @throws {InstallError}
 */
export function checkUserNamespace(desired: KubeObject, live: KubeObject): void {
  if (!needsUserNamespace(desired) || needsUserNamespace(live)) return;
  throw new InstallError(
    `${
      wordsOf(desired)
    }: this cluster gives pods no user namespace (the API server dropped hostUsers: false), so that ` +
      "root of these pods would be root of the node. Kubernetes has them by default from 1.33 on, from 1.30 with the " +
      'feature gate UserNamespacesSupport; for clusters without them see docs/sessions.md, "Isolation"',
  );
}

function podSpecOf(object: KubeObject): PodSpec | undefined {
  return (object as { spec?: { template?: { spec?: PodSpec } } }).spec?.template?.spec;
}
