import assert from "node:assert/strict";
import { type CoderWorkspace, CoderWorkspaces } from "../../api/workspace.ts";
import { FakeClock, settle } from "../../telemetry/testing/fake_clock.ts";
import { LiveCluster, refusal, visitorOf, workspaceOf } from "../testing.ts";
import { follow } from "./follow.ts";

function following(live: LiveCluster, pageSize?: number) {
  const clock = new FakeClock();
  const abort = new AbortController();
  const objects = new Map<string, CoderWorkspace>();
  const problems: string[] = [];
  const lists: number[] = [];
  const nameOf = ({ metadata }: CoderWorkspace) => metadata.name ?? "";
  const set = (object: CoderWorkspace) => void objects.set(nameOf(object), object);
  let visitor = visitorOf("ann", live.cluster);
  const ended = follow(
    { type: CoderWorkspaces, ...(pageSize === undefined ? {} : { pageSize }) },
    {
      some(given) {
        lists.push(given.length);
        given.forEach(set);
      },
      all(given) {
        lists.push(given.length);
        objects.clear();
        given.forEach(set);
      },
      set,
      gone: (object) => void objects.delete(nameOf(object)),
      problem: (message) => {
        if (problems.at(-1) !== message) problems.push(message);
      },
    },
    { visitor: () => visitor, signal: abort.signal, clock },
  );
  return {
    clock,
    lists,
    problems,
    names: () => [...objects.keys()].sort(),
    stateOf: (name: string) => objects.get(name)?.status.latestBuildStatus,
    admit: (given: typeof visitor) => void (visitor = given),
    async end() {
      abort.abort();
      await ended;
    },
  };
}

Deno.test("what there is comes by a list, and what changes by a watch from its version", async () => {
  const live = new LiveCluster();
  live.put(workspaceOf("a.ann.one"), workspaceOf("a.ann.two"));
  const { names, stateOf, end, problems } = following(live);
  await settle();
  assert.deepEqual(names(), ["a.ann.one", "a.ann.two"]);
  live.put(workspaceOf("a.ann.three"), workspaceOf("a.ann.one", { latestBuildStatus: "stopping" }));
  live.remove("CoderWorkspace", "lab", "a.ann.two");
  await settle();
  assert.deepEqual(names(), ["a.ann.one", "a.ann.three"]);
  assert.equal(stateOf("a.ann.one"), "stopping");
  assert.deepEqual(live.asked, ["list coderworkspaces", "watch coderworkspaces 3"]);
  assert.deepEqual(problems, [""]);
  await end();
  assert.equal(live.watchers, 0);
});

Deno.test("many come in pages, the first ones before the others", async () => {
  const live = new LiveCluster();
  live.put(...Array.from({ length: 7 }, (_, index) => workspaceOf(`a.ann.w${index}`)));
  const { names, lists, end } = following(live, 3);
  await settle();
  assert.equal(names().length, 7);
  assert.deepEqual(lists, [3, 3, 7]);
  assert.deepEqual(live.asked.slice(0, 3), [
    "list coderworkspaces",
    "list coderworkspaces from 3",
    "list coderworkspaces from 6",
  ]);
  await end();
});

Deno.test("lists without a version are made again when the watch is open: nothing goes between them", async () => {
  const live = new LiveCluster();
  live.hasNoVersions = true;
  live.put(workspaceOf("a.ann.one"), workspaceOf("a.ann.two"));
  live.refuse = (what) => {
    if (what.startsWith("watch") && live.watchers === 0 && live.asked.length === 2) {
      live.remove("CoderWorkspace", "lab", "a.ann.two", true);
    }
    return undefined;
  };
  const { names, end, clock } = following(live);
  await settle();
  assert.deepEqual(names(), ["a.ann.one"]);
  assert.deepEqual(live.asked, ["list coderworkspaces", "watch coderworkspaces", "list coderworkspaces"]);
  await clock.advance(61_000);
  assert.deepEqual(live.asked.slice(3), [
    "list coderworkspaces",
    "watch coderworkspaces",
    "list coderworkspaces",
  ]);
  await end();
});

Deno.test("a watch that ends goes on from where it was, without a new list", async () => {
  const live = new LiveCluster();
  live.put(workspaceOf("a.ann.one"));
  const { names, end, clock } = following(live);
  await settle();
  live.put(workspaceOf("a.ann.two"));
  await settle();
  live.breakWatches();
  await settle();
  live.put(workspaceOf("a.ann.three"));
  await clock.advance(1_000);
  assert.deepEqual(names(), ["a.ann.one", "a.ann.three", "a.ann.two"]);
  assert.deepEqual(live.asked, [
    "list coderworkspaces",
    "watch coderworkspaces 2",
    "watch coderworkspaces 3",
  ]);
  await end();
});

Deno.test("a version that is too old is no problem: there is a new list", async () => {
  const live = new LiveCluster();
  live.put(workspaceOf("a.ann.one"));
  const { names, end, clock, problems } = following(live);
  await settle();
  live.remove("CoderWorkspace", "lab", "a.ann.one", true);
  live.say({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired", message: "too old" } });
  await clock.advance(1_000);
  assert.deepEqual(names(), []);
  assert.deepEqual(problems, [""]);
  await end();
});

Deno.test("what breaks off is told and tried again, ever more seldom; what was known stays", async () => {
  const live = new LiveCluster();
  live.put(workspaceOf("a.ann.one"));
  const { names, end, clock, problems } = following(live);
  await settle();
  live.refuse = () => refusal(500, "InternalError", "etcd is away");
  live.breakWatches(refusal(500, "InternalError", "the connection broke"));
  await settle();
  assert.equal(problems.at(-1), "list CoderWorkspace resources: the connection broke");
  const before = live.asked.length;
  await clock.advance(60_000);
  assert.equal(problems.at(-1), "list CoderWorkspace resources: etcd is away");
  const tries = live.asked.length - before;
  assert.ok(tries >= 4 && tries <= 7, `${tries} tries in a minute`);
  assert.deepEqual(names(), ["a.ann.one"]);
  live.refuse = () => undefined;
  live.put(workspaceOf("a.ann.two"));
  await clock.advance(30_000);
  assert.deepEqual(names(), ["a.ann.one", "a.ann.two"]);
  assert.equal(problems.at(-1), "");
  await end();
});

Deno.test("who may not see them any more does not, at the latest after a minute", async () => {
  const live = new LiveCluster();
  live.put(workspaceOf("a.ann.one"));
  const { names, end, clock, problems, admit } = following(live);
  await settle();
  const bob = new LiveCluster();
  bob.refuse = () => refusal(403, "Forbidden", "coderworkspaces is forbidden");
  admit(visitorOf("ann", bob.cluster));
  assert.equal(names().length, 1);
  await clock.advance(61_000);
  assert.deepEqual(names(), []);
  assert.equal(problems.at(-1), "list CoderWorkspace resources: coderworkspaces is forbidden");
  bob.refuse = () => undefined;
  bob.put(workspaceOf("a.ann.two"));
  await clock.advance(30_000);
  assert.deepEqual(names(), ["a.ann.two"]);
  await end();
});

Deno.test("what lists lack is told, and that they lack it no more", async () => {
  const live = new LiveCluster();
  const { problems, clock, end } = following(live);
  await settle();
  live.gaps = ["Coder lab/coder is away", "so is another"];
  await clock.advance(2_000);
  assert.equal(problems.at(-1), "Coder lab/coder is away; so is another");
  live.gaps = [];
  await clock.advance(2_000);
  assert.equal(problems.at(-1), "");
  await end();
  assert.equal(clock.pendingTimers, 0, "nothing is left behind");
});
