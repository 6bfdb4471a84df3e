/** The Gateways that routes name, as the cache has them. */
import type { GatewayLookup } from "../../workload/exposure_listeners.ts";
import type { Tools } from "../pass/step.ts";

/** Looks Gateways up for a route in `namespace`. */
export function gatewayLookup(namespace: string, { kinds }: Pick<Tools, "kinds">): GatewayLookup {
  return (parent) => kinds.gateways.get({ namespace: parent.namespace ?? namespace, name: parent.name });
}

/** Whether a Gateway of `namespace` that is not in the cache is not there. */
export function seesGateways(
  namespace: string,
  { kinds, namespaces }: Pick<Tools, "kinds" | "namespaces">,
): boolean {
  const { exists, hasSynced, trouble } = kinds.gateways;
  return exists && hasSynced && trouble === "" &&
    (namespaces.length === 0 || namespaces.includes(namespace));
}
