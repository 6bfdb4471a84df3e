import assert from "node:assert/strict";
import { candidateOf, meant, readReference } from "./reference.ts";

Deno.test("a workspace alone, with its owner, and with all of its name", () => {
  assert.deepEqual(readReference("dev"), { by: "workspace", workspace: "dev" });
  assert.deepEqual(readReference("alice/dev"), { by: "owner", owner: "alice", workspace: "dev" });
  assert.deepEqual(readReference("acme.alice.dev"), { by: "name", name: "acme.alice.dev" });
  assert.deepEqual(readReference("coder.acme.alice.dev"), { by: "name", name: "coder.acme.alice.dev" });
});

Deno.test("what kubectl prints with -o name is a name", () => {
  for (const kind of ["coderworkspace.aggregation.coder.com", "coderworkspaces", "cws", "CWS"]) {
    assert.deepEqual(readReference(`${kind}/acme.alice.dev`), { by: "name", name: "acme.alice.dev" });
  }
  // Somebody may be called so.
  assert.deepEqual(readReference("cws/dev"), { by: "owner", owner: "cws", workspace: "dev" });
});

Deno.test("what cannot be a name is none", () => {
  const wrong = [
    "",
    "/",
    "a/",
    "/b",
    "a/b/c",
    "a.b",
    "a.b.c.d.e",
    "..",
    "a..b",
    "-a",
    "a b",
    "a/b.c.d",
    "ä",
    "a%2fb",
  ];
  for (const text of wrong) assert.equal(readReference(text), undefined, text);
});

const all = [
  { namespace: "one", name: "acme.alice.dev" },
  { namespace: "one", name: "acme.bob.dev" },
  { namespace: "two", name: "coder.acme.alice.dev" },
  { namespace: "two", name: "coder.acme.alice.web" },
].map((key) => candidateOf(key)!);
const names = (some: readonly { namespace: string; name: string }[]) => some.map(({ name }) => name);
const chosen = (text: string, isOwn?: (one: { owner: string }) => boolean) =>
  meant(readReference(text)!, all, isOwn);

Deno.test("candidates are what has the parts of a workspace", () => {
  assert.deepEqual(candidateOf({ namespace: "n", name: "c.acme.bob.web" }), {
    namespace: "n",
    name: "c.acme.bob.web",
    owner: "bob",
    workspace: "web",
  });
  for (const name of ["a", "a.b", "a.b.c.d.e"]) {
    assert.equal(candidateOf({ namespace: "n", name }), undefined);
  }
});

Deno.test("a name without its control plane means the workspace with it, too", () => {
  assert.deepEqual(names(chosen("acme.alice.web").chosen), ["coder.acme.alice.web"]);
  assert.deepEqual(names(chosen("coder.acme.alice.dev").chosen), ["coder.acme.alice.dev"]);
  assert.deepEqual(names(chosen("acme.alice.dev").chosen), ["acme.alice.dev", "coder.acme.alice.dev"]);
  assert.deepEqual(names(chosen("acme.alice.none").chosen), []);
});

Deno.test("one's own come before those of others, which are told apart", () => {
  const isBobs = ({ owner }: { owner: string }) => owner === "bob";
  assert.deepEqual(names(chosen("dev", isBobs).chosen), ["acme.bob.dev"]);
  assert.equal(chosen("dev", isBobs).others.length, 2);
  assert.equal(chosen("dev").chosen.length, 3);
  assert.deepEqual(names(chosen("web", isBobs).chosen), []);
  assert.deepEqual(names(chosen("WEB").chosen), ["coder.acme.alice.web"]);
  assert.deepEqual(names(chosen("Alice/Web").chosen), ["coder.acme.alice.web"]);
});
