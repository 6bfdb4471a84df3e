import assert from "node:assert/strict";
import { gadget, gadgetDefinition } from "../testing/gadgets.ts";
import { readListOptions } from "./list_options.ts";
import { allFields, selectionOf } from "./selection.ts";

const fields = allFields(gadgetDefinition.selectableFields);
const select = (query: string) => selectionOf(readListOptions(new URLSearchParams(query)), fields);

Deno.test("without selectors there is nothing to test", () => {
  assert.equal(select("limit=5"), undefined);
});

Deno.test("names, namespaces, own fields and labels must all match", () => {
  const red = gadget("n", "a", { color: "red", labels: { tier: "web" } });
  const blue = gadget("m", "b", { color: "blue" });
  const cases: [string, boolean, boolean][] = [
    ["fieldSelector=metadata.name%3Da", true, false],
    ["fieldSelector=metadata.namespace%3Dm", false, true],
    ["fieldSelector=spec.color%3Dblue", false, true],
    ["labelSelector=tier", true, false],
    ["labelSelector=!tier", false, true],
    ["labelSelector=tier%3Dweb&fieldSelector=spec.color%3Dblue", false, false],
  ];
  for (const [query, isRed, isBlue] of cases) {
    const selects = select(query)!;
    assert.deepEqual([selects(red), selects(blue)], [isRed, isBlue], query);
  }
});

Deno.test("an object without a name or namespace is that of empty ones", () => {
  const bare = { ...gadget("n", "a"), metadata: {} };
  assert.equal(select("fieldSelector=metadata.name%3D,metadata.namespace%3D")!(bare), true);
});
