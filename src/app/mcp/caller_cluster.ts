/** What the MCP server answers by itself where the whole product runs in the process. */
import { CoderControlPlanes } from "../../api/control_plane.ts";
import { CoderProvisioners } from "../../api/provisioner.ts";
import { CoderWorkspaceProxies } from "../../api/workspace_proxy.ts";
import type { KubeObject, ResourceType } from "../../api/object.ts";
import type { KubeUser } from "../../identity/mod.ts";
import type { Informer } from "../../kube/informer.ts";
import type { CachedKind, ServedKind } from "../../mcp/caller/local_kinds.ts";
import type { AggregatedWorld } from "../aggregated/shared_world.ts";
import type { Core } from "../part.ts";
import { servedKind } from "./served_kinds.ts";

/** Kinds of coder.com, from the cache that the controllers work with. */
export function cachedKinds({ cache, config }: Pick<Core, "cache" | "config">): CachedKind[] {
  const { namespace: namespaces } = config;
  const scope = namespaces.length === 0 ? {} : { namespaces };
  const kind = <T extends KubeObject>(type: ResourceType<T>): CachedKind => ({
    type,
    namespaces,
    informer: cache.informer(type, { ...scope, optional: true }) as unknown as Informer<KubeObject>,
  });
  return [kind(CoderControlPlanes), kind(CoderProvisioners), kind(CoderWorkspaceProxies)];
}

/**
 * Workspaces and templates, as the aggregated API serves them.
 *
 * @param carriesFor makes changes in Coder those of the caller. @default {the operator's}
 */
export function servedKinds(
  { storages, authorize, resources }: Pick<AggregatedWorld, "storages" | "authorize" | "resources">,
  carriesFor?: (user: KubeUser) => object,
): ServedKind[] {
  return storages.map((storage) => {
    const kind = storage.definition.type.plural === "coderworkspaces" ? "workspaces" : "templates";
    return servedKind({
      storage,
      authorize,
      warnings: (namespace) => resources.warnings(kind, namespace),
      carriesFor,
    });
  });
}
