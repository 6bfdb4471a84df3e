/** The control planes, provisioners and proxies of a cluster, and their end with an installation. */
import { keyOf, keyText, type KubeObject, type ResourceType } from "../../api/object.ts";
import { CoderControlPlanes } from "../../api/control_plane.ts";
import { CoderProvisioners } from "../../api/provisioner.ts";
import { CoderWorkspaceProxies } from "../../api/workspace_proxy.ts";
import { Leases } from "../../api/kubernetes/resources.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isNotFound } from "../../kube/errors.ts";

/** In the order in which they go: what needs a Coder goes while there is one. */
export const KINDS: readonly { type: ResourceType; called: string }[] = [
  { type: CoderProvisioners, called: "provisioner" },
  { type: CoderWorkspaceProxies, called: "workspace proxy" },
  { type: CoderControlPlanes, called: "control plane" },
];

/** Finalizers of ours, and of the Go operator. */
const OURS = /^(?:[a-z0-9-]+\.)*coder\.com\//;
const DELETION_POLICY = "coder.com/deletion-policy";
const LEASE = "coder-k8s-controller.coder.com";
/** A leader renews much more often, in milliseconds. */
const ALIVE_MS = 60_000;

export interface CustomResource {
  readonly type: ResourceType;
  readonly called: string;
  readonly object: KubeObject;
}

/** All of them; none where the kinds are unknown. */
export async function customResources(
  client: Pick<KubeClient, "list">,
  signal: AbortSignal,
): Promise<CustomResource[]> {
  const found: CustomResource[] = [];
  for (const { type, called } of KINDS) {
    try {
      const { items } = await client.list(type, { signal });
      found.push(...items.map((object) => ({ type, called, object })));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  return found;
}

/** What becomes of it and of what is in Coder, in words. */
export function fateOf({ called, object }: CustomResource): string {
  const policy = object.metadata.annotations?.[DELETION_POLICY];
  const inCoder = called !== "control plane"
    ? ""
    : policy === "Delete"
    ? ": its workspaces and templates are deleted in Coder, too"
    : ": what is in its database stays";
  return `${called} ${keyText(keyOf(object))}${inCoder}`;
}

export function ownFinalizers({ metadata: { finalizers = [] } }: KubeObject): string[] {
  return finalizers.filter((name) => OURS.test(name));
}

/** Takes our finalizers off: it goes, and what it should have cleaned up first stays as it is. */
export async function abandon(
  client: Pick<KubeClient, "patch">,
  { type, object }: CustomResource,
  signal: AbortSignal,
): Promise<void> {
  const finalizers = (object.metadata.finalizers ?? []).filter((name) => !OURS.test(name));
  const { uid, resourceVersion } = object.metadata;
  const body = { metadata: { uid, resourceVersion, finalizers } };
  await client.patch(type, keyOf(object), { type: "merge", body }, { signal }).catch((error) => {
    if (!isNotFound(error)) throw error;
  });
}

/** Whether somebody reconciles now: the leader has renewed its Lease lately. */
export async function isAlive(
  client: Pick<KubeClient, "get">,
  namespace: string,
  now: number,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const { spec } = await client.get(Leases, { namespace, name: LEASE }, { signal });
    const { renewTime, holderIdentity } = spec ?? {};
    return (holderIdentity ?? "") !== "" && renewTime !== undefined &&
      now - Date.parse(String(renewTime)) < ALIVE_MS;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
