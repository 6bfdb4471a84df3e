import assert from "node:assert/strict";
import { below, pick, seededRandom } from "../../telemetry/testing/random.ts";
import { type Candidate, selectWorker, type Wanted } from "./select.ts";

function candidate(given: Partial<Candidate> = {}): Candidate {
  return {
    id: "w1",
    labels: {},
    isolation: "full",
    capabilities: ["session.open"],
    sharedStorage: "",
    capacity: 10,
    sessions: 0,
    isConnected: true,
    isDraining: false,
    ...given,
  };
}

const chosen = (candidates: readonly Candidate[], wanted: Wanted = {}) =>
  selectWorker(candidates, wanted).chosen?.id;

function refusalOf(candidates: readonly Candidate[], wanted: Wanted = {}) {
  const selection = selectWorker(candidates, wanted);
  assert.equal(selection.chosen, undefined);
  return selection.chosen === undefined ? selection : assert.fail();
}

Deno.test("the largest free share of a capacity wins, not the largest number", () => {
  const large = candidate({ id: "large", capacity: 100, sessions: 60 });
  const small = candidate({ id: "small", capacity: 10, sessions: 2 });
  assert.equal(chosen([large, small]), "small");
});

Deno.test("of equal shares the fewest sessions win, then the first by name", () => {
  const [a, b] = [candidate({ id: "a", capacity: 20, sessions: 10 }), candidate({ id: "b", sessions: 5 })];
  assert.equal(chosen([a, b]), "b");
  assert.equal(chosen([candidate({ id: "y" }), candidate({ id: "x" }), candidate({ id: "z" })]), "x");
});

Deno.test("labels must all be there, with their values", () => {
  const [a, b] = [
    candidate({ id: "a", labels: { zone: "1" } }),
    candidate({ id: "b", labels: { zone: "1", gpu: "yes" } }),
  ];
  assert.equal(chosen([a, b], { labels: { gpu: "yes", zone: "1" } }), "b");
  assert.equal(chosen([a, b], { labels: { gpu: "no" } }), undefined);
  assert.equal(chosen([a, b], { labels: { toString: "x" } }), undefined);
});

Deno.test("one storage is not another, and none is no storage", () => {
  const [a, b] = [candidate({ id: "a" }), candidate({ id: "b", sharedStorage: "nfs" })];
  assert.equal(chosen([a, b], { sharedStorage: "nfs" }), "b");
  assert.equal(chosen([a, b], { sharedStorage: "other" }), undefined);
});

Deno.test("a worker that cannot isolate is taken where it says that it takes sessions", () => {
  assert.equal(chosen([candidate({ isolation: "none" })]), "w1");
  const refusing = candidate({ isolation: "none", capabilities: ["echo"] });
  assert.match(refusalOf([refusing]).why, /1 unable to isolate sessions/);
});

Deno.test("full, draining, away and tried ones get nothing, and the refusal says how many were what", () => {
  const refusal = refusalOf([
    candidate({ id: "full", sessions: 10 }),
    candidate({ id: "over", sessions: 11 }),
    candidate({ id: "away", isConnected: false }),
    candidate({ id: "draining", isDraining: true, isConnected: false }),
    candidate({ id: "tried" }),
    candidate({ id: "none", capacity: 0 }),
  ], { except: new Set(["tried"]) });
  assert.equal(refusal.why, "of 6 worker(s): 3 full, 1 not connected, 1 shutting down, 1 tried in vain");
});

Deno.test("it is worth waiting where a worker may be back, or come", () => {
  assert.deepEqual(refusalOf([]), {
    chosen: undefined,
    isSoon: true,
    why: "no worker is registered: start one, or wait until it is back",
  });
  assert.equal(refusalOf([candidate({ isConnected: false })]).isSoon, true);
  assert.equal(refusalOf([candidate({ sessions: 10 })]).isSoon, false);
  assert.equal(refusalOf([candidate()], { labels: { a: "b" } }).isSoon, false);
});

Deno.test("whatever workers there are, none that may not is chosen, and none that is better is left", () => {
  const random = seededRandom(7);
  for (let round = 0; round < 3_000; round++) {
    const candidates = Array.from({ length: below(random, 6) }, (_, index) =>
      candidate({
        id: `w${index}`,
        capacity: below(random, 5),
        sessions: below(random, 5),
        isConnected: random() < 0.8,
        isDraining: random() < 0.2,
        labels: random() < 0.5 ? { zone: "1" } : {},
        sharedStorage: pick(random, ["", "nfs"]),
        capabilities: random() < 0.9 ? ["session.open"] : [],
      }));
    const wanted: Wanted = {
      labels: random() < 0.3 ? { zone: "1" } : {},
      sharedStorage: random() < 0.3 ? "nfs" : undefined,
      except: new Set(random() < 0.3 ? ["w0"] : []),
    };
    const allowed = candidates.filter((one) =>
      one.isConnected && !one.isDraining && one.sessions < one.capacity && one.capabilities.length > 0 &&
      !wanted.except?.has(one.id) && (wanted.sharedStorage ?? one.sharedStorage) === one.sharedStorage &&
      (wanted.labels?.["zone"] === undefined || one.labels["zone"] === "1")
    );
    const best = [...allowed].sort((a, b) =>
      a.sessions / a.capacity - b.sessions / b.capacity || a.sessions - b.sessions || (a.id < b.id ? -1 : 1)
    )[0];
    assert.equal(chosen(candidates, wanted), best?.id, JSON.stringify({ round, candidates, wanted }));
  }
});

const WORKSPACE = { workspaceId: "ws-1", ownerId: "ann" };
const sandbox = candidate({ id: "a" });
const bound = candidate({ id: "b", binding: WORKSPACE, isolation: "workspace", sessions: 9 });
const agents = candidate({ id: "c", isForWorkspaces: true, isolation: "workspace" });

Deno.test("a session in a workspace gets the worker that runs there, else the one that reaches its agent", () => {
  const all = [sandbox, agents, bound];
  assert.equal(chosen(all, { workspace: WORKSPACE }), "b");
  assert.equal(chosen([agents, bound].reverse(), { workspace: WORKSPACE }), "b");
  for (const gone of [{ isConnected: false }, { isDraining: true }, { sessions: 10 }]) {
    assert.equal(chosen([sandbox, { ...bound, ...gone }, agents], { workspace: WORKSPACE }), "c");
  }
  assert.equal(chosen(all, { workspace: WORKSPACE, except: new Set(["b"]) }), "c");
});

Deno.test("a worker in a workspace is for its owner's sessions there, and the owner alone is not enough", () => {
  for (
    const other of [{ ...WORKSPACE, workspaceId: "ws-2" }, { ...WORKSPACE, ownerId: "bob" }, {
      workspaceId: "ann",
      ownerId: "ws-1",
    }]
  ) {
    assert.equal(chosen([bound, agents], { workspace: other }), "c");
    const { why, isSoon } = refusalOf([sandbox, bound], { workspace: other });
    assert.match(why, /reaches no Coder workspaces, and no worker runs in this one/);
    // It may be about to register.
    assert.equal(isSoon, true);
  }
});

Deno.test("sandboxes never come to workers of workspaces", () => {
  assert.equal(chosen([agents, bound, sandbox]), "a");
  assert.equal(
    refusalOf([agents, bound]).why,
    "no worker is registered: start one, or wait until it is back; or make a session in a Coder workspace, by " +
      "session.create with workspace",
  );
  assert.equal(refusalOf([bound]).why, "no worker is registered: start one, or wait until it is back");
  // Those of workspaces are not counted among those that would not do.
  assert.equal(refusalOf([agents, { ...sandbox, isDraining: true }]).why, "of 1 worker(s): 1 shutting down");
});

Deno.test("where no worker can come, nobody waits for one", () => {
  const agents = candidate({ id: "workspaces", isForWorkspaces: true });
  for (const all of [[], [agents]]) {
    const selection = selectWorker(all, {}, { takesWorkers: false });
    assert.equal(selection.chosen, undefined);
    assert.deepEqual("isSoon" in selection && [selection.isSoon, selection.why], [
      false,
      "there are no sandboxes here: make a session in a Coder workspace, by session.create with workspace",
    ]);
  }
  const workspace = { workspaceId: "w", ownerId: "o" };
  assert.equal(selectWorker([agents], { workspace }, { takesWorkers: false }).chosen, agents);
});
