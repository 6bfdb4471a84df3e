import { deepEqual, equal } from "node:assert/strict";
import { addressOf, type Kept, type Records } from "./config_map.ts";
import { RecordIndex } from "./record_index.ts";
import { acme, changeOf, shadowOf, wishOf } from "./testing.ts";

function kept<S extends keyof Records>(sort: S, record: Records[S], version: string, uid = "uid-1"): Kept {
  return { address: addressOf(sort, record), owner: "team/acme", uid, record, version };
}

function rig() {
  let now = 0;
  const heard: string[] = [];
  const index = new RecordIndex(
    () => now,
    (owner, { kind, id }) => void heard.push(`${owner} ${kind} ${id}`),
  );
  return {
    index,
    heard,
    advance: (ms: number) => void (now += ms),
    has: (id: string, uid = "uid-1") =>
      index.get({ id: "team/acme", uid }, { sort: "shadow", kind: "workspaces", key: id })?.version,
  };
}

const WORKSPACES = { sort: "shadow", kind: "workspaces" } as const;

Deno.test("records are found by what they are of, in the latest version", () => {
  const { index, has, heard } = rig();
  index.set("team/one", kept("shadow", shadowOf("a"), "1"));
  index.set("team/two", kept("shadow", shadowOf("b"), "2"));
  index.set("team/one", kept("shadow", shadowOf("a", "2"), "3"));
  deepEqual([has("a"), has("b"), has("c")], ["3", "2", undefined]);
  deepEqual([...index.all(acme, WORKSPACES)].map(({ version }) => version).sort(), ["2", "3"]);
  deepEqual([...index.all(acme, { ...WORKSPACES, kind: "templates" })], []);
  index.set("team/one", undefined);
  index.set("team/one", undefined);
  equal(has("a"), undefined);
  deepEqual(heard, ["a", "b", "a", "a"].map((id) => `team/acme workspaces ${id}`));
});

Deno.test("the same version again is no news", () => {
  const { index, heard } = rig();
  index.set("team/one", kept("shadow", shadowOf("a"), "1"));
  index.set("team/one", kept("shadow", shadowOf("a"), "1"));
  equal(heard.length, 1);
});

Deno.test("records of an earlier control plane are not those of its namesake", () => {
  const { index, has } = rig();
  index.set("team/one", kept("shadow", shadowOf("a"), "1", "uid-0"));
  equal(has("a"), undefined);
  equal(has("a", "uid-0"), "1");
  index.set("team/one", kept("shadow", shadowOf("a"), "2", "uid-1"));
  deepEqual([has("a"), has("a", "uid-0")], ["2", undefined]);
});

Deno.test("wishes are found by their workspace, which hears of them as soon as there is one", () => {
  const { index, heard } = rig();
  const wanted = () => index.wishFor(acme, "id-box")?.wish.base;
  const unmade = wishOf("box");
  delete unmade.workspace;
  index.set("team/wish", kept("wish", unmade, "1"));
  deepEqual([wanted(), heard.length], [undefined, 0]);
  index.set("team/wish", kept("wish", wishOf("box", "id-box", 2), "2"));
  equal(wanted(), 2);
  // The workspace was made anew under its name.
  index.set("team/wish", kept("wish", wishOf("box", "id-new", 3), "3"));
  deepEqual([wanted(), index.wishFor(acme, "id-new")?.wish.base], [undefined, 3]);
  index.set("team/wish", undefined);
  equal(index.wishFor(acme, "id-new"), undefined);
  deepEqual(heard, ["id-box", "id-box", "id-new", "id-new"].map((id) => `team/acme workspaces ${id}`));
});

Deno.test("a wish that has taken another's place is not lost with it", () => {
  const { index } = rig();
  index.set("team/one", kept("wish", wishOf("box", "id", 1), "1"));
  index.set("team/two", kept("wish", wishOf("renamed", "id", 2), "2"));
  index.set("team/one", undefined);
  equal(index.wishFor(acme, "id")?.wish.base, 2);
});

Deno.test("how long something has been as it is, is known", () => {
  const { index, advance } = rig();
  const old = (ms: number) => [...index.olderThan(ms, acme, WORKSPACES)].map(({ address }) => address.key);
  index.set("team/one", kept("shadow", shadowOf("a"), "1"));
  advance(10);
  index.set("team/two", kept("shadow", shadowOf("b"), "2"));
  deepEqual([old(0), old(10), old(11)], [["a", "b"], ["a"], []]);
  advance(10);
  index.set("team/one", kept("shadow", shadowOf("a", "2"), "3"));
  deepEqual(old(10), ["b"]);
});

Deno.test("records are counted by what they keep", () => {
  const { index } = rig();
  index.set("team/one", kept("shadow", shadowOf("a"), "1"));
  index.set("team/two", kept("shadow", shadowOf("b"), "1", "uid-0"));
  index.set("team/three", kept("wish", wishOf("a"), "1"));
  index.set("team/four", kept("change", changeOf("t"), "1"));
  deepEqual(index.counts(), { shadow: 2, wish: 1, change: 1 });
});
