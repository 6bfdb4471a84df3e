import assert from "node:assert/strict";
import { discovery, tellsOf } from "./discovery.ts";

const GROUP = "a.coder.com";
const told = (
  freshness: unknown,
  resources: unknown,
  version: unknown = "v1alpha1",
  name: unknown = GROUP,
) => ({
  kind: "APIGroupDiscoveryList",
  items: [
    { metadata: { name: "apps" }, versions: [{ version: "v1", freshness: "Current", resources: [{}] }] },
    { metadata: { name }, versions: [{ version, freshness, resources }] },
  ],
});
const finds = (document: unknown) => tellsOf(discovery.parse(document), GROUP, "v1alpha1");

Deno.test("kubectl finds what the API server tells of, and is sure of", () => {
  assert.equal(finds(told("Current", [{}])), true);
  for (
    const document of [
      told("Stale", [{}]),
      told("Current", []),
      told("Current", [{}], "v1"),
      told("Current", [{}], "v1alpha1", "b.coder.com"),
      { items: [] },
    ]
  ) {
    assert.equal(finds(document), false, JSON.stringify(document));
  }
});

Deno.test("an API server with the plain list alone is asked for each group by itself", () => {
  assert.equal(finds({ kind: "APIGroupList", groups: [] }), true);
});

Deno.test("what has another shape tells of nothing", () => {
  for (
    const document of [
      undefined,
      null,
      "no JSON",
      {},
      { items: "many" },
      { items: [null] },
      { items: [{ versions: "v1" }] },
      told(1, "all", 2, null),
    ]
  ) {
    assert.equal(finds(document), false, JSON.stringify(document));
  }
  // One odd group hides no other.
  assert.equal(finds({ items: [{ metadata: 5, versions: 6 }, ...told("Current", [{}]).items] }), true);
});
