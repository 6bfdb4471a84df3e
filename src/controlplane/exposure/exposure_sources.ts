/** What wakes a control plane for its route, beside the route itself: the Gateway API, and the Gateways it names. */
import type { CoderControlPlane } from "../../api/control_plane.ts";
import { keyOf, keyText } from "../../api/object.ts";
import { presence, type Source, watching } from "../../reconciler/source.ts";
import type { WorkloadKinds } from "../../workload/kinds.ts";

/** Index of control planes by the Gateways that they name, as `namespace/name`. */
const BY_GATEWAY = "gateway";

/** Declares its index; once for each cache. */
export function exposureSources({ controlPlanes, gateways, httpRoutes }: WorkloadKinds): Source[] {
  controlPlanes.addIndex(BY_GATEWAY, gatewaysOf);
  const withRoutes = () => controlPlanes.list().filter((object) => gatewaysOf(object).length > 0).map(keyOf);
  return [
    presence(httpRoutes, withRoutes),
    presence(gateways, withRoutes),
    watching(gateways, (gateway) => controlPlanes.byIndex(BY_GATEWAY, keyText(keyOf(gateway))).map(keyOf)),
  ];
}

/** Reads raw objects, which may have any shape. */
export function gatewaysOf({ metadata, spec }: CoderControlPlane): string[] {
  const parents: unknown = spec?.expose?.gateway?.parentRefs;
  if (!Array.isArray(parents)) return [];
  return parents.flatMap((parent: { name?: unknown; namespace?: unknown } | null) => {
    const name = trimmed(parent?.name);
    const namespace = trimmed(parent?.namespace) || (metadata.namespace ?? "");
    return name === "" ? [] : [keyText({ namespace, name })];
  });
}

function trimmed(value: unknown): string {
  return typeof value === "string" ? value.trim() : "";
}
