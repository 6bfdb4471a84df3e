/** The writer behind the server: what a write needs to know of its request, and how its answers go out. */
import assert from "node:assert/strict";
import type { Authorizer } from "../../identity/mod.ts";
import { MemoryTarget } from "../writing/testing/memory_target.ts";
import { createWriter } from "../writing/writer.ts";
import { gadget, writableGadgetDefinition } from "./testing/gadgets.ts";
import { type LiveOptions, LiveServer } from "./testing/live_server.ts";
import { MemoryStorage } from "./testing/memory_storage.ts";

const HERE = "namespaces/n/gadgets";
const JSON_TYPE = { "Content-Type": "application/json" };
const APPLY = { "Content-Type": "application/apply-patch+yaml" };

async function written(options: LiveOptions = {}) {
  const storage = new MemoryStorage(writableGadgetDefinition, 100n);
  const target = new MemoryTarget(storage);
  storage.write = createWriter(target);
  return { live: await LiveServer.start(options, storage), storage, target };
}

const config = (name: string, spec: object = { color: "red" }) =>
  JSON.stringify({ apiVersion: "gadgets.coder.test/v1alpha1", kind: "Gadget", metadata: { name }, spec });

Deno.test("who writes is known by its program, unless it says a name", async () => {
  const { live } = await written();
  await using _ = live;
  const headers = { ...JSON_TYPE, "User-Agent": "flux/v2.7 (linux)" };
  const first = await live.call(HERE, { method: "POST", headers, body: config("a") });
  assert.deepEqual([first.code, first.json.metadata.managedFields[0].manager], [201, "flux"]);
  const path = `${HERE}?fieldManager=me`;
  const second = await live.call(path, { method: "POST", headers, body: config("b") });
  assert.equal(second.json.metadata.managedFields[0].manager, "me");
});

Deno.test("an apply that creates needs the right to create, and one that changes does not", async () => {
  const asked: string[] = [];
  const authorize: Authorizer = (_user, { verb }) => {
    asked.push(verb);
    if (verb !== "create") return Promise.resolve({ allowed: true, reason: "" });
    const refusal = { code: 403, reason: "Forbidden", message: "no" } as const;
    return Promise.resolve({ allowed: false, refusal });
  };
  const { live, storage } = await written({ authorize });
  await using _ = live;
  const apply = (name: string) =>
    live.call(`${HERE}/${name}?fieldManager=me`, { method: "PATCH", headers: APPLY, body: config(name) });
  const refused = await apply("a");
  assert.equal(refused.code, 403);
  assert.equal(
    refused.json.message,
    'gadgets.gadgets.coder.test "a" is forbidden: User "jane" cannot create resource "gadgets" in API group "gadgets.coder.test" in the namespace "n"',
  );
  storage.put(gadget("n", "b"));
  assert.equal((await apply("b")).code, 200);
  assert.deepEqual(asked, ["patch", "create", "patch"]);
});

Deno.test("what is gone is told as a success, in whatever form is asked for", async () => {
  const { live, storage } = await written();
  await using _ = live;
  for (
    const [accept, form] of [["application/json", /^\{"kind":"Status"/], [
      "application/yaml",
      /^kind: Status/,
    ]]
  ) {
    storage.put(gadget("n", "a"));
    const headers = { Accept: accept as string };
    const { code, text } = await live.call(`${HERE}/a`, { method: "DELETE", headers });
    assert.equal(code, 200);
    assert.match(text, form as RegExp);
  }
  storage.put(gadget("n", "a"));
  const table = { Accept: "application/json;as=Table;g=meta.k8s.io;v=v1,application/json" };
  const { json } = await live.call(`${HERE}/a`, { method: "DELETE", headers: table });
  assert.deepEqual([json.kind, json.status, json.details.name], ["Status", "Success", "a"]);
});

Deno.test("what is going is accepted, with the object", async () => {
  const { live, storage, target } = await written();
  await using _ = live;
  target.lingers = true;
  storage.put(gadget("n", "a"));
  const { code, json } = await live.call(`${HERE}/a`, { method: "DELETE" });
  assert.deepEqual([code, json.kind], [202, "Gadget"]);
  assert.ok(json.metadata.deletionTimestamp !== undefined);
});

Deno.test("of a collection what was deleted is told, and nothing else was", async () => {
  const { live, storage } = await written();
  await using _ = live;
  storage.put(gadget("n", "a", { labels: { go: "yes" } }));
  storage.put(gadget("n", "b"));
  storage.put(gadget("other", "a", { labels: { go: "yes" } }));
  const { code, json } = await live.call(`${HERE}?labelSelector=go%3Dyes`, { method: "DELETE" });
  assert.deepEqual([code, json.kind, json.items.length, json.items[0].metadata.name], [
    200,
    "GadgetList",
    1,
    "a",
  ]);
  const { json: left } = await live.call("gadgets");
  assert.deepEqual(
    left.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name),
    ["b", "a"],
  );
});

Deno.test("warnings of a write go with its answer, once each", async () => {
  const { live, storage, target } = await written();
  await using _ = live;
  storage.put(gadget("n", "a"));
  let isOvertaken = false;
  target.hook = (call) => {
    if (call !== "update" || isOvertaken) return;
    isOvertaken = true;
    storage.put(gadget("n", "a", { size: 3 }));
  };
  const { code, headers } = await live.call(`${HERE}/a`, {
    method: "PATCH",
    headers: { "Content-Type": "application/merge-patch+json" },
    body: '{"spec":{"colour":"red","color":"green"}}',
  });
  assert.equal(code, 200);
  assert.equal(headers["warning"], '299 - "unknown field \\"spec.colour\\""');
});
