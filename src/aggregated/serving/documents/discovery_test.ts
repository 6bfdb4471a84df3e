import assert from "node:assert/strict";
import type { AnyStorage } from "../storage.ts";
import { gadgetDefinition, GROUP_VERSION } from "../testing/gadgets.ts";
import { MemoryStorage } from "../testing/memory_storage.ts";
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList } from "./discovery.ts";

function storages(): AnyStorage[] {
  const gadgets = new MemoryStorage(gadgetDefinition);
  gadgets.subresources = {
    status: { verbs: ["get"], get: gadgets.get.bind(gadgets) },
    log: { verbs: ["get"], stream: () => Promise.reject(new Error("unused")) },
  };
  const axes = new MemoryStorage({
    ...gadgetDefinition,
    type: { ...gadgetDefinition.type, plural: "axes", kind: "Axe", namespaced: false },
    singular: "axe",
    shortNames: [],
    categories: [],
    verbs: ["watch", "get", "list"],
  });
  return [gadgets, axes];
}

Deno.test("resources and their parts are listed by name, with sorted verbs", () => {
  const { resources } = apiResourceList(GROUP_VERSION, storages());
  assert.deepEqual(resources.map(({ name, namespaced, verbs }) => [name, namespaced, verbs.join()]), [
    ["axes", false, "get,list,watch"],
    ["gadgets", true, "get,list,watch"],
    ["gadgets/log", true, "get"],
    ["gadgets/status", true, "get"],
  ]);
  assert.equal(resources.every(({ kind }) => kind !== ""), true);
  assert.equal("shortNames" in resources[0]!, false);
  assert.equal("categories" in resources[0]!, false);
});

Deno.test("aggregated discovery has the parts inside of their resource", () => {
  const [group] = aggregatedDiscovery(GROUP_VERSION, storages()).items;
  const [axes, gadgets] = group!.versions[0]!.resources;
  assert.deepEqual([axes!.resource, axes!.scope, axes!.singularResource], ["axes", "Cluster", "axe"]);
  assert.equal("subresources" in axes!, false);
  assert.deepEqual(
    gadgets!.subresources?.map((
      { subresource, responseKind, verbs },
    ) => [subresource, responseKind.kind, verbs]),
    [
      ["log", "Gadget", ["get"]],
      ["status", "Gadget", ["get"]],
    ],
  );
  assert.deepEqual([gadgets!.shortNames, gadgets!.categories], [["gdt"], ["gadgetry"]]);
});

Deno.test("a group prefers its only version", () => {
  const group = apiGroup(GROUP_VERSION);
  assert.deepEqual(group.versions, [group.preferredVersion]);
  const { kind, groups } = apiGroupList(GROUP_VERSION);
  assert.deepEqual([kind, groups.length, groups[0]?.name], ["APIGroupList", 1, "gadgets.coder.test"]);
});
