/** What kubectl goes by: the document in which the API server tells its clients of all groups and their resources. */
import { z } from "zod";

export const DISCOVERY_PATH = "/apis";
/** As kubectl asks; who answers with the plain list is asked by it for each group by itself. */
export const DISCOVERY_ACCEPT =
  "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

const text = z.string().catch("");
const versions = z.array(z.object({
  version: text,
  freshness: text,
  resources: z.array(z.unknown()).catch([]),
})).catch([]);
const aggregated = z.object({
  items: z.array(z.object({ metadata: z.object({ name: text }).catch({ name: "" }), versions })),
});
const plain = z.object({ kind: z.literal("APIGroupList") });

/** Takes whatever comes: what has no shape tells of nothing. */
export const discovery = z.union([aggregated, plain]).catch({ items: [] });
export type Discovery = z.infer<typeof discovery>;

/** Whether kubectl finds resources of a version. The API server asks for them only after it calls the version available. */
export function tellsOf(document: Discovery, group: string, version: string): boolean {
  if (!("items" in document)) return true;
  const told = document.items.find(({ metadata }) => metadata.name === group)?.versions
    .find((one) => one.version === version);
  return told?.freshness === "Current" && told.resources.length > 0;
}
