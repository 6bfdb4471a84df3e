import assert from "node:assert/strict";
import { FakeClock, settle } from "../../telemetry/testing/fake_clock.ts";
import { type Heard, HeardElsewhere, PATIENCE_MS } from "./heard_elsewhere.ts";

function rig() {
  const clock = new FakeClock();
  const looks: string[] = [];
  const facts = { fails: 0 };
  const heard = new HeardElsewhere({
    clock,
    look(owner, kind, id) {
      looks.push(`${owner} ${kind} ${id}`);
      return facts.fails-- > 0 ? Promise.reject(new Error("away")) : Promise.resolve();
    },
  });
  const end = new AbortController();
  return {
    looks,
    facts,
    heard,
    end,
    hear: (change: Partial<Heard>, id = "a", signal: AbortSignal | undefined = end.signal) =>
      heard.heard("lab/coder", "workspaces", id, { generation: 1, isKnown: true, ...change }, signal),
    async later() {
      await clock.advance(PATIENCE_MS);
      await settle();
    },
  };
}

Deno.test("an object that is new, was changed or is gone elsewhere is looked at, once", async () => {
  const { hear, later, looks } = rig();
  hear({ isKnown: false }, "new");
  hear({ isKnown: false, generation: 2 }, "new");
  assert.deepEqual(looks, []);
  await later();
  assert.deepEqual(looks.splice(0), ["lab/coder workspaces new"]);
  hear({}, "changed");
  await later();
  assert.deepEqual(looks, [], "it is heard of for the first time");
  hear({ generation: 2 }, "changed");
  await later();
  assert.deepEqual(looks.splice(0), ["lab/coder workspaces changed"]);
  hear({ generation: undefined }, "changed");
  await later();
  assert.deepEqual(looks.splice(0), ["lab/coder workspaces changed"]);
});

Deno.test("metadata alone, and what was never kept, is no reason", async () => {
  const { hear, later, looks } = rig();
  hear({ generation: 3 });
  hear({ generation: 3 });
  hear({ generation: undefined }, "b");
  hear({ generation: undefined, isKnown: false }, "c");
  await later();
  assert.deepEqual(looks, []);
});

Deno.test("what the copy has heard of meanwhile was done here", async () => {
  const { hear, heard, later, looks } = rig();
  hear({ isKnown: false });
  heard.known("lab/coder", "workspaces", "a");
  await later();
  assert.deepEqual(looks, []);
});

Deno.test("before the first list, and when nothing runs, nothing is asked", async () => {
  const { hear, end, later, looks } = rig();
  hear({ isKnown: undefined });
  end.abort();
  hear({ isKnown: false }, "b");
  await later();
  assert.deepEqual(looks, []);
});

Deno.test("a Coder that does not answer keeps nobody from the next look; one that is gone is forgotten", async () => {
  const { hear, heard, facts, later, looks } = rig();
  facts.fails = 1;
  hear({ isKnown: false }, "a");
  hear({ isKnown: false }, "b");
  await later();
  assert.deepEqual(looks.splice(0), ["lab/coder workspaces a", "lab/coder workspaces b"]);
  hear({ isKnown: false }, "c");
  heard.forget("lab/coder");
  await later();
  assert.deepEqual(looks, []);
});

Deno.test("of very many at once some are looked at, and lists find the others", async () => {
  const { hear, later, looks } = rig();
  for (let i = 0; i < 2_000; i++) hear({ isKnown: false }, `w${i}`);
  await later();
  assert.equal(looks.length, 500);
});
