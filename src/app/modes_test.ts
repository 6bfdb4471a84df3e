import assert from "node:assert/strict";
import { MODES } from "./config.ts";
import { missingPart, partsOf } from "./modes.ts";

const address = { hostname: "0.0.0.0", port: 1 };
const on = { aggregatedBindAddress: address, mcpBindAddress: address };
const load = () => Promise.resolve(() => ({}));
const complete = { controller: load, "aggregated-apiserver": load, "mcp-http": load };
const partial = { ...complete, "mcp-http": undefined };

Deno.test("a mode that is one part has that part alone", () => {
  for (const app of ["controller", "aggregated-apiserver", "mcp-http"] as const) {
    const { present, missing } = partsOf({ app, ...on }, complete);
    assert.deepEqual([present.map((part) => part.name), missing], [[app], []]);
  }
});

Deno.test("all has every part but those whose port is off", () => {
  const names = (config: Parameters<typeof partsOf>[0]) =>
    partsOf(config, complete).present.map((part) => part.name);
  assert.deepEqual(names({ app: "all", ...on }), ["controller", "aggregated-apiserver", "mcp-http"]);
  assert.deepEqual(names({ app: "all", ...on, mcpBindAddress: null }), [
    "controller",
    "aggregated-apiserver",
  ]);
  assert.deepEqual(names({ app: "all", aggregatedBindAddress: null, mcpBindAddress: null }), ["controller"]);
});

Deno.test("all leaves out what the build does not have, and names it", () => {
  const { present, missing } = partsOf({ app: "all", ...on }, partial);
  assert.deepEqual(present.map((part) => part.name), ["controller", "aggregated-apiserver"]);
  assert.deepEqual(missing, ["mcp-http"]);
  assert.deepEqual(partsOf({ app: "all", ...on, mcpBindAddress: null }, partial).missing, []);
});

Deno.test("a mode without its part says so and names what there is", () => {
  assert.equal(
    missingPart("mcp-http", partial),
    "the mode mcp-http is not in this build yet; it has all, controller, aggregated-apiserver",
  );
  for (const mode of MODES) assert.equal(missingPart(mode, complete), undefined);
});

Deno.test("this build runs all and controller", () => {
  assert.equal(missingPart("all"), undefined);
  assert.equal(missingPart("controller"), undefined);
  assert.deepEqual(partsOf({ app: "controller", ...on }).present.map((part) => part.name), ["controller"]);
});
