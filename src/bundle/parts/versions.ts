/** Versions of everything that takes part, and whether its API is served. */
import { APIServices, CustomResourceDefinitions } from "../../api/kubernetes/resources.ts";
import type { Gatherer } from "../gatherer.ts";

const DEFINITIONS = ["codercontrolplanes", "coderprovisioners", "coderworkspaceproxies"];
const API_SERVICE = "v1alpha1.aggregation.coder.com";

/** `versions.yaml`, `apis.yaml` */
export async function gatherVersions(gatherer: Gatherer): Promise<void> {
  const { world } = gatherer;
  const [kubernetes, definitions, apiService] = await Promise.all([
    gatherer.tried("version of Kubernetes", async (signal) => {
      const read: unknown = JSON.parse(await world.raw("/version", { maxBytes: 10_000, signal }));
      return read;
    }),
    Promise.all(DEFINITIONS.map((plural) =>
      gatherer.tried(
        `definition of ${plural}`,
        (signal) =>
          world.cluster.get(CustomResourceDefinitions, { namespace: "", name: `${plural}.coder.com` }, {
            signal,
          }),
      )
    )),
    gatherer.tried(
      "APIService of the aggregated API",
      (signal) => world.cluster.get(APIServices, { namespace: "", name: API_SERVICE }, { signal }),
    ),
  ]);
  gatherer.yaml("versions.yaml", "versions of coder-k8s and Kubernetes", 1, {
    "coder-k8s": world.build,
    kubernetes: kubernetes ?? "not known",
  });
  gatherer.yaml("apis.yaml", "APIs of coder.com: served versions and conditions", 2, {
    definitions: definitions.flatMap((one) =>
      one === undefined ? [] : [{
        name: one.metadata.name,
        generation: one.metadata.generation,
        versions: (one.spec?.versions ?? []).map(({ name, served, storage }) => ({ name, served, storage })),
        conditions: one.status?.conditions,
      }]
    ),
    apiService: apiService === undefined
      ? undefined
      : { name: API_SERVICE, spec: { ...apiService.spec, caBundle: undefined }, status: apiService.status },
  });
}
