/** What there is, in both forms in which Kubernetes tells it. */
import type { AnyStorage } from "../storage.ts";

export interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

const sorted = (texts: readonly string[]) => [...texts].sort();

/** `/apis/<group>/<version>`. */
export function apiResourceList(served: GroupVersion, storages: readonly AnyStorage[]) {
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: `${served.group}/${served.version}`,
    resources: storages.flatMap(({ definition, subresources = {} }) => {
      const { type, singular, verbs, shortNames, categories } = definition;
      const { plural, namespaced, kind } = type;
      const whole = {
        name: plural,
        singularName: singular,
        namespaced,
        kind,
        verbs: sorted(verbs),
        ...(shortNames.length === 0 ? {} : { shortNames: [...shortNames] }),
        ...(categories.length === 0 ? {} : { categories: [...categories] }),
      };
      const parts = Object.entries(subresources).map(([name, subresource]) => ({
        name: `${plural}/${name}`,
        singularName: "",
        namespaced,
        kind,
        verbs: sorted(subresource.verbs),
      }));
      return [whole, ...parts];
    }).sort((left, right) => left.name < right.name ? -1 : 1),
  };
}

/** `/apis/<group>`. */
export function apiGroup({ group, version }: GroupVersion) {
  const only = { groupVersion: `${group}/${version}`, version };
  return { kind: "APIGroup", apiVersion: "v1", name: group, versions: [only], preferredVersion: only };
}

/** `/apis`. */
export function apiGroupList(served: GroupVersion) {
  const { apiVersion, kind: _, ...group } = apiGroup(served);
  return { kind: "APIGroupList", apiVersion, groups: [group] };
}

/** `/apis`, for who asks for everything in one answer. */
export function aggregatedDiscovery(served: GroupVersion, storages: readonly AnyStorage[]) {
  const resources = storages.map(({ definition, subresources = {} }) => {
    const { type, singular, verbs, shortNames, categories } = definition;
    const { plural, namespaced, kind } = type;
    // Empty stands for those of the list.
    const responseKind = { group: "", version: "", kind };
    const parts = Object.entries(subresources).map(([subresource, part]) => ({
      subresource,
      responseKind,
      verbs: sorted(part.verbs),
    }));
    return {
      resource: plural,
      responseKind,
      scope: namespaced ? "Namespaced" : "Cluster",
      singularResource: singular,
      verbs: sorted(verbs),
      ...(shortNames.length === 0 ? {} : { shortNames: [...shortNames] }),
      ...(categories.length === 0 ? {} : { categories: [...categories] }),
      ...(parts.length === 0
        ? {}
        : { subresources: parts.sort((left, right) => left.subresource < right.subresource ? -1 : 1) }),
    };
  }).sort((left, right) => left.resource < right.resource ? -1 : 1);
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    metadata: {},
    items: [{
      metadata: { name: served.group },
      versions: [{ version: served.version, resources, freshness: "Current" }],
    }],
  };
}
