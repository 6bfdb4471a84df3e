import assert from "node:assert/strict";
import { listTools } from "./listing.ts";
import { testWorld } from "./testing.ts";

Deno.test("what is listed is made once for each kind of protocol", () => {
  const { catalog } = testWorld().world.surface;
  assert.equal(listTools(catalog, "2025-06-18"), listTools(catalog, "2026-07-28"));
  assert.equal(listTools(catalog, "2024-11-05"), listTools(catalog, "2024-11-05"));
  assert.notEqual(listTools(catalog, "2025-03-26"), listTools(catalog, "2024-11-05"));
  assert.deepEqual(listTools(catalog, "2026-07-28"), catalog.tools.map(({ listing }) => listing));
});

Deno.test("a listing without hints has none to leave out", () => {
  const { catalog } = testWorld().world.surface;
  const [one] = catalog.tools;
  const bare = { ...catalog, tools: [{ ...one!, listing: { name: "a", title: "A" } }] };
  assert.deepEqual(listTools(bare, "2025-03-26"), [{ name: "a" }]);
});
