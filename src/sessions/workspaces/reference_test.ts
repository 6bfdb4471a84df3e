import assert from "node:assert/strict";
import { SessionError } from "../types.ts";
import { readReference, type WorkspaceReference } from "./reference.ts";

const ID = "0f8fad5b-d9cb-469f-a165-70867728950e";

function named(text: string): Partial<WorkspaceReference> {
  return JSON.parse(JSON.stringify(readReference(text)));
}

Deno.test("a workspace is named in each of the forms that people know", () => {
  const cases: readonly [string, Partial<WorkspaceReference>][] = [
    ["dev", { name: "dev" }],
    ["me/dev", { name: "dev" }],
    ["bob/dev", { owner: "bob", name: "dev" }],
    ["dev.main", { name: "dev", agent: "main" }],
    ["bob/dev.side_car", { owner: "bob", name: "dev", agent: "side_car" }],
    ["acme.bob.dev", { organization: "acme", owner: "bob", name: "dev" }],
    ["acme.bob.dev.gpu", { organization: "acme", owner: "bob", name: "dev", agent: "gpu" }],
    [ID, { id: ID, name: "" }],
    [ID.toUpperCase(), { id: ID, name: "" }],
    [`${ID}.main`, { id: ID, name: "", agent: "main" }],
    // A name that only begins as an id does.
    [`${ID}0`, { name: `${ID}0` }],
    ["2024-dev", { name: "2024-dev" }],
  ];
  for (const [text, reference] of cases) assert.deepEqual(named(text), reference, text);
});

Deno.test("what names no workspace is refused, with the forms that do", () => {
  const wrong = [
    "",
    "/",
    "a/",
    "/a",
    "a/b/c",
    "a..b",
    ".a",
    "a.",
    "a b",
    "a.b.c.d.e",
    "bob/acme.ann.dev",
    "../etc",
    "ä",
    `${ID}.`,
    `${ID}.a b`,
    `${ID}.a.b`,
    "-a",
    "x".repeat(65),
  ];
  for (const text of wrong) {
    assert.throws(
      () => readReference(text),
      (error) =>
        error instanceof SessionError && error.code === "invalid" && /owner\/name/.test(error.message),
      text,
    );
  }
  const long = "y ".repeat(10_000);
  assert.throws(() => readReference(long), (error) => (error as Error).message.length < 500);
});
