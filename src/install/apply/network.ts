/** Where the API server calls from, which a network policy has to know. */
import { z } from "zod";
import type { KubeObject } from "../../api/object.ts";
import type { KubeClient } from "../../kube/client.ts";

/** The slot for it in `deploy/components/network-policy`: addresses that nobody has. */
export const SLOT = "192.0.2.0/24";

const SLICES =
  "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dkubernetes";

const slices = z.object({
  items: z.array(z.object({ endpoints: z.array(z.object({ addresses: z.array(z.string()) })).nullish() })),
});

interface Peer {
  readonly ipBlock?: { readonly cidr: string };
}

export function needsAddresses(objects: readonly KubeObject[]): boolean {
  return objects.some((object) =>
    object.kind === "NetworkPolicy" && JSON.stringify(object).includes(`"${SLOT}"`)
  );
}

/** With a peer for each range in the place of the slot. */
export function withAddresses(objects: readonly KubeObject[], cidrs: readonly string[]): KubeObject[] {
  if (!needsAddresses(objects)) return [...objects];
  return objects.map((object) => {
    if (object.kind !== "NetworkPolicy") return object;
    const { spec } = object as unknown as { spec: { ingress?: { from?: Peer[] }[] } };
    const ingress = spec.ingress?.map((rule) => ({
      ...rule,
      ...(rule.from === undefined ? {} : { from: rule.from.flatMap((peer) => filled(peer, cidrs)) }),
    }));
    return { ...object, spec: { ...spec, ...(ingress === undefined ? {} : { ingress }) } } as KubeObject;
  });
}

function filled(peer: Peer, cidrs: readonly string[]): Peer[] {
  return peer.ipBlock?.cidr === SLOT ? cidrs.map((cidr) => ({ ipBlock: { cidr } })) : [peer];
}

/** The endpoints of the Service `kubernetes`, each as a range of its own, in order. Empty where it has none. */
export async function apiServerAddresses(
  client: Pick<KubeClient, "raw">,
  signal?: AbortSignal,
): Promise<string[]> {
  const answer = slices.safeParse(await client.raw("GET", SLICES, signal === undefined ? {} : { signal }));
  const addresses = answer.data?.items.flatMap(({ endpoints }) =>
    (endpoints ?? []).flatMap(({ addresses }) => addresses)
  );
  return [...new Set(addresses)].sort().map((address) => `${address}/${address.includes(":") ? 128 : 32}`);
}
