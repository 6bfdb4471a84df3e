import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import type { WatchEvent } from "../../kube/client.ts";
import { KubeConnectionError } from "../../kube/errors.ts";
import { together, toldWatch, type WatchEars } from "./watch_queue.ts";

const CALL = { method: "GET", path: "/things" };
const added = (name: string): WatchEvent<KubeObject> => ({
  type: "ADDED",
  object: { apiVersion: "v1", kind: "X", metadata: { name } },
});
const nameOf = ({ object }: WatchEvent<KubeObject>) => (object as KubeObject).metadata.name;

function told(signal?: AbortSignal) {
  let ears: WatchEars<KubeObject> | undefined;
  let ends = 0;
  const watch = toldWatch<KubeObject>(CALL, signal, (given) => {
    ears = given;
    return () => void ends++;
  });
  return { watch, ears: ears!, ends: () => ends };
}

async function names(watch: AsyncIterable<WatchEvent<KubeObject>>): Promise<(string | undefined)[]> {
  const heard: (string | undefined)[] = [];
  for await (const event of watch) heard.push(nameOf(event));
  return heard;
}

Deno.test("what is told is read in order, whenever it comes, until the end", async () => {
  const { watch, ears, ends } = told();
  ears.event(added("a"));
  const reading = names(watch);
  await Promise.resolve();
  ears.event(added("b"));
  setTimeout(() => {
    ears.event(added("c"));
    ears.end();
    ears.event(added("too late"));
  });
  assert.deepEqual(await reading, ["a", "b", "c"]);
  assert.equal(ends(), 1);
});

Deno.test("an error comes after what was told before it", async () => {
  const { watch, ears } = told();
  ears.event(added("a"));
  ears.end(new Error("gone"));
  const heard: unknown[] = [];
  await assert.rejects(async () => {
    for await (const event of watch) heard.push(nameOf(event));
  }, /gone/);
  assert.deepEqual(heard, ["a"]);
});

Deno.test("a signal ends it, before, meanwhile and when nobody reads", async () => {
  const before = told(AbortSignal.abort());
  assert.deepEqual([await names(before.watch), before.ends()], [[], 1]);
  const abort = new AbortController();
  const meanwhile = told(abort.signal);
  meanwhile.ears.event(added("a"));
  const reading = names(meanwhile.watch);
  setTimeout(() => abort.abort());
  assert.deepEqual([await reading, meanwhile.ends()], [["a"], 1]);
  const unread = new AbortController();
  const other = told(unread.signal);
  unread.abort();
  assert.equal(other.ends(), 1);
});

Deno.test("who reads nothing is not kept for without end", async () => {
  const { watch, ears } = told();
  for (let count = 0; count <= 100_000; count++) ears.event(added("x"));
  let heard = 0;
  const error = await (async () => {
    for await (const _ of watch) heard++;
  })().catch((error) => error);
  assert.ok(error instanceof KubeConnectionError, String(error));
  assert.equal(heard, 100_000);
});

Deno.test("several are one, which ends with the first that ends and breaks off with the first that breaks", async () => {
  const [one, two] = [told(), told()];
  const reading = names(together([one.watch, two.watch]));
  one.ears.event(added("1"));
  two.ears.event(added("2"));
  setTimeout(() => {
    two.ears.event(added("3"));
    setTimeout(() => one.ears.end());
  });
  assert.deepEqual((await reading).sort(), ["1", "2", "3"]);
  const [three, four] = [told(), told()];
  const broken = names(together([three.watch, four.watch]));
  four.ears.end(new Error("broken"));
  await assert.rejects(broken, /broken/);
  three.ears.end();
  assert.deepEqual(await names(together([])), []);
});
