/** What wakes an object for its route, beside the route itself: the Gateway API, and the Gateways that it names. */
import { keyOf, keyText, type KubeObject } from "../../api/object.ts";
import type { Informer } from "../../kube/informer.ts";
import { presence, type Source, watching } from "../../reconciler/source.ts";
import type { WorkloadKinds } from "../../workload/kinds.ts";

/** Index of owners by the Gateways that they name, as `namespace/name`. */
const BY_GATEWAY = "gateway";

/** Declares its index in `owners`; once for each cache. */
export function exposureSources<O extends KubeObject>(
  owners: Informer<O>,
  { gateways, httpRoutes }: Pick<WorkloadKinds, "gateways" | "httpRoutes">,
): Source[] {
  owners.addIndex(BY_GATEWAY, gatewaysOf);
  const withRoutes = () => owners.list().filter((object) => gatewaysOf(object).length > 0).map(keyOf);
  return [
    presence(httpRoutes, withRoutes),
    presence(gateways, withRoutes),
    watching(gateways, (gateway) => owners.byIndex(BY_GATEWAY, keyText(keyOf(gateway))).map(keyOf)),
  ];
}

/** The Gateways of `spec.expose.gateway.parentRefs`. Reads raw objects, which may have any shape. */
export function gatewaysOf(object: KubeObject): string[] {
  const parents = field(field(field(field(object, "spec"), "expose"), "gateway"), "parentRefs");
  if (!Array.isArray(parents)) return [];
  return parents.flatMap((parent: unknown) => {
    const name = trimmed(field(parent, "name"));
    const namespace = trimmed(field(parent, "namespace")) || (object.metadata.namespace ?? "");
    return name === "" ? [] : [keyText({ namespace, name })];
  });
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function trimmed(value: unknown): string {
  return typeof value === "string" ? value.trim() : "";
}
