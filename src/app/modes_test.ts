import assert from "node:assert/strict";
import { type PartName, partsOf } from "./modes.ts";

const address = { hostname: "0.0.0.0", port: 1 };
const on = { aggregatedBindAddress: address, mcpBindAddress: address };
const names = (config: Parameters<typeof partsOf>[0]) => partsOf(config).map(({ name }) => name);
const ALL: readonly PartName[] = ["controller", "aggregated-apiserver", "mcp-http"];

Deno.test("a mode that is one part has that part alone, and one that is none has none", () => {
  for (const app of ALL) assert.deepEqual(names({ app, ...on }), [app]);
  assert.deepEqual(names({ app: "mcp-stdio", ...on }), []);
});

Deno.test("all has every part but those whose port is off", () => {
  assert.deepEqual(names({ app: "all", ...on }), ALL);
  assert.deepEqual(names({ app: "all", ...on, mcpBindAddress: null }), ALL.slice(0, 2));
  assert.deepEqual(names({ app: "all", aggregatedBindAddress: null, mcpBindAddress: null }), ["controller"]);
});

Deno.test("every part can be loaded", async () => {
  for (const { load } of partsOf({ app: "all", ...on })) assert.equal(typeof await load(), "function");
});
