import assert from "node:assert/strict";
import { ofMine, workspaceObjects, workspaceTable } from "./list.ts";
import { suggestNames } from "./names.ts";
import { fakeWorld, refusal, workspace } from "./testing.ts";

const { signal } = new AbortController();
const some = () => [
  workspace("acme.alice.dev"),
  workspace("acme.alice.web", { running: false }),
  workspace("acme.bob.dev"),
  workspace("acme.bob.app", { namespace: "other" }),
];

Deno.test("a table has the rows of all pages, of one namespace or of all, and what selects is sent", async () => {
  const world = fakeWorld(some());
  const { rows, columns } = await workspaceTable(world, { scope: { namespace: "coder" } }, signal);
  assert.deepEqual(rows.map(({ name }) => name), ["acme.alice.dev", "acme.alice.web", "acme.bob.dev"]);
  assert.equal(columns.length, 3);
  const all = { scope: "all", labelSelector: "a in (b,c)", fieldSelector: "status.ownerName=bob" } as const;
  assert.equal((await workspaceTable(world, all, signal)).rows.length, 2);
  const last = new URL(world.calls.at(-1)!.slice(4), "http://api");
  assert.equal(last.pathname, "/apis/aggregation.coder.com/v1alpha1/coderworkspaces");
  assert.equal(last.searchParams.get("labelSelector"), "a in (b,c)");
  assert.equal(last.searchParams.get("continue"), "more");
});

Deno.test("objects are a List as kubectl prints it, without managed fields", async () => {
  const objects = some().slice(0, 2);
  objects[0]!.metadata.managedFields = [{ manager: "kubectl" }];
  const list = await workspaceObjects(fakeWorld(objects), { scope: "all" }, signal);
  assert.deepEqual([list["kind"], list["apiVersion"]], ["List", "v1"]);
  const items = list["items"] as { metadata: object }[];
  assert.deepEqual(items.map(({ metadata }) => Object.keys(metadata)), [["namespace", "name"], [
    "namespace",
    "name",
  ]]);
});

Deno.test("mine is everything, an owner, or a question", async () => {
  const world = fakeWorld(some());
  assert.equal(await ofMine(world, "all", signal), undefined);
  world.seesAll = true;
  assert.equal(await ofMine(world, "all", signal), "status.ownerName=alice");
  world.userName = "alice@example.com";
  await assert.rejects(ofMine(world, "all", signal), /"alice@example\.com" is no name .* --owner/);
});

const suggested = async (
  world: ReturnType<typeof fakeWorld>,
  more: Partial<Parameters<typeof suggestNames>[1]> = {},
) => (await suggestNames(world, { prefix: "", taken: [], signal, ...more })).map(({ value }) => value);

Deno.test("the shortest name that means one workspace is offered", async () => {
  const world = fakeWorld(some());
  assert.deepEqual(await suggested(world), ["alice/dev", "web", "bob/dev"]);
  world.seesAll = true;
  assert.deepEqual(await suggested(world), ["dev", "web", "bob/dev"]);
  assert.deepEqual(await suggested(world, { prefix: "acme.b" }), ["acme.bob.dev"]);
  assert.deepEqual(await suggested(world, { prefix: "al" }), ["alice/dev", "alice/web"]);
  assert.deepEqual(await suggested(world, { taken: ["alice/dev", "nonsense.x"] }), ["web", "bob/dev"]);
  assert.deepEqual(await suggested(world, { isUseful: (status) => status === "stopped" }), ["web"]);
});

Deno.test("where the namespace has none, those of all are offered; where one was given, none", async () => {
  const world = fakeWorld(some(), "empty");
  assert.equal((await suggested(world)).length, 4);
  assert.deepEqual(await suggested(world, { namespace: "empty" }), []);
  assert.deepEqual(await suggested(world, { namespace: "other" }), ["app"]);
  world.refuse = { matches: /^GET/, error: refusal(403, "Forbidden", "no") };
  await assert.rejects(suggested(world));
});
