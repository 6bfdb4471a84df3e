import assert from "node:assert/strict";
import { CoderTemplates } from "../../api/template.ts";
import { KubeApiError } from "../../kube/errors.ts";
import type { CallerCluster, CallerCoders } from "../../caller/types.ts";
import { ToolError } from "../errors.ts";
import type { SurfaceCall } from "../surface.ts";
import { CALLER } from "../testing.ts";
import { templateOf } from "../tools/template_testing.ts";
import { namespacesOf, visible } from "./kept.ts";

type Listing = (namespace: string | undefined) => Promise<unknown>;

const refusedWith = (code: number) =>
  Promise.reject(new KubeApiError(code, "", "no", { method: "GET", path: "/" }));

function rigOf(list: Listing, namespaces: readonly string[] = [], signal = AbortSignal.timeout(60_000)) {
  const asked: (string | undefined)[] = [];
  const cluster = {
    list: (_type: unknown, { namespace }: { namespace?: string }) => {
      asked.push(namespace);
      return list(namespace);
    },
  } as unknown as CallerCluster;
  const coders = {
    list: () => Promise.resolve(namespaces.map((namespace) => ({ id: `${namespace}/x`, namespace }))),
  } as unknown as CallerCoders;
  const call: SurfaceCall = { caller: CALLER, cluster, coders, signal, now: Date.now };
  return { asked, call };
}

const items = (...names: string[]) => Promise.resolve({ items: names.map((name) => templateOf({ name })) });
const namesOf = async (call: SurfaceCall, namespace?: string) =>
  (await visible(call, CoderTemplates, namespace, 1_000)).map(({ metadata }) => metadata.name);

Deno.test("who may list all is asked once", async () => {
  const { asked, call } = rigOf(() => items("a.b", "a.c"), ["lab"]);
  assert.deepEqual([await namesOf(call), asked], [["a.b", "a.c"], [undefined]]);
});

Deno.test("who may not is asked namespace by namespace, of the Coders that they may know", async () => {
  const { asked, call } = rigOf(
    (namespace) => namespace === "lab" ? items("a.b") : refusedWith(403),
    ["lab", "attic", "lab"],
  );
  assert.deepEqual(await namesOf(call), ["a.b"]);
  assert.deepEqual(asked, [undefined, "attic", "lab"]);
});

Deno.test("one namespace is asked for alone, and a refusal there shows nothing", async () => {
  const { asked, call } = rigOf(() => refusedWith(403), ["lab"]);
  assert.deepEqual([await namesOf(call, "lab"), asked], [[], ["lab"]]);
});

Deno.test("no more than fifty namespaces are asked", async () => {
  const many = Array.from({ length: 80 }, (_, index) => `n${index}`);
  const { asked, call } = rigOf((namespace) => namespace === undefined ? refusedWith(403) : items(), many);
  assert.deepEqual(await namesOf(call), []);
  assert.equal(asked.length, 51);
});

Deno.test("a cluster that fails is told, also where one namespace of many fails", async () => {
  for (const list of [() => refusedWith(503), (one?: string) => refusedWith(one === "b" ? 503 : 403)]) {
    const error = await namesOf(rigOf(list, ["a", "b"]).call).then(() => undefined, (error) => error);
    assert.ok(error instanceof ToolError && error.code === "unavailable", String(error));
    assert.match(error.message, /^list CoderTemplate resources: /);
  }
});

Deno.test("a cluster that does not answer is waited for no longer than was said", async () => {
  const { call } = rigOf(() => new Promise(() => {}));
  const error = await visible(call, CoderTemplates, undefined, 20).then(() => undefined, (error) => error);
  assert.ok(error instanceof ToolError && error.code === "timeout");
});

Deno.test("who is gone gets the reason of that", async () => {
  const reason = new Error("gone");
  const { call } = rigOf(() => new Promise(() => {}), [], AbortSignal.abort(reason));
  await assert.rejects(namesOf(call), reason);
});

Deno.test("namespaces are told once each, sorted", async () => {
  const { call } = rigOf(() => items(), ["lab", "attic", "lab"]);
  assert.deepEqual(await namespacesOf(call, call.signal), ["attic", "lab"]);
});
