import assert from "node:assert/strict";
import type { ControlPlaneStatus } from "../../api/control_plane.ts";
import type { Deployment } from "../../api/kubernetes/types.ts";
import { controlPlane } from "../testing.ts";
import { coder, deploymentOf } from "./testing.ts";
import { isRolledOut, newPods, RETRY_ANNOTATION, upgradeFacts } from "./upgrade_facts.ts";
import { versionText } from "./version.ts";

const since = "2026-01-01T00:00:00Z";

function facts(
  wanted: string,
  sources: { status?: ControlPlaneStatus; deployment?: Deployment; said?: string } = {},
) {
  const { status, deployment, said } = sources;
  const all = upgradeFacts({ controlPlane: controlPlane({ image: wanted }), status, deployment, said });
  return { ...all, floor: all.floor === undefined ? undefined : versionText(all.floor) };
}

Deno.test("a control plane that is new has nothing to protect", () => {
  const { wanted, released, completed, floor, hasRun, retry, settings } = facts(coder("2.30.0"));
  assert.deepEqual(
    { wanted, released, completed, floor, hasRun, retry, settings },
    {
      wanted: coder("2.30.0"),
      released: undefined,
      completed: undefined,
      floor: undefined,
      hasRun: false,
      retry: "",
      settings: {},
    },
  );
});

Deno.test("settings and the wish for another try come from the object", () => {
  const object = controlPlane({ upgrade: { unchecked: true } }, { annotations: { [RETRY_ANNOTATION]: "7" } });
  const { settings, retry } = upgradeFacts({
    controlPlane: object,
    status: undefined,
    deployment: undefined,
    said: undefined,
  });
  assert.deepEqual([settings.unchecked, retry], [true, "7"]);
});

Deno.test("an image whose pods never became ready is not said to have run", () => {
  const pulling = deploymentOf({ image: coder("2.300.0"), wanted: 1, updatedReady: 0 });
  assert.equal(facts(coder("2.30.0"), { deployment: pulling }).hasRun, false);
  const serving = deploymentOf({ image: coder("2.30.0"), wanted: 1 });
  assert.equal(facts(coder("2.31.0"), { deployment: serving }).hasRun, true);
  assert.equal(facts(coder("2.31.0"), { deployment: pulling, said: "v2.30.0" }).hasRun, true);
  assert.equal(facts(coder("2.31.0"), { status: { image: coder("2.30.0") } }).hasRun, true);
});

Deno.test("the image that was let through last is the template's, what we noted, or what was complete", () => {
  const state = { image: coder("2.30.0"), since };
  const live = (image: string, noted = true) => deploymentOf({ image, ...(noted && { state }) });
  const status = { image: coder("2.29.0") };
  const wanted = coder("2.31.0");
  assert.equal(facts(wanted, { deployment: live(coder("2.30.0")), status }).released, coder("2.30.0"));
  // Without a note: an installation of an earlier operator, then one whose status is known.
  assert.equal(facts(wanted, { deployment: live(coder("2.28.0"), false) }).released, coder("2.28.0"));
  assert.equal(facts(wanted, { deployment: live("hand:1", false), status }).released, coder("2.29.0"));
  // The Deployment was deleted.
  assert.equal(facts(wanted, { status }).released, coder("2.29.0"));
});

Deno.test("an image that somebody put into the template by hand is put back, unless that were a way back", () => {
  const state = { image: coder("2.30.0"), since };
  const live = (image: string) => deploymentOf({ image, state });
  const found = facts(coder("2.31.0"), { deployment: live("hand:1") });
  assert.equal(found.released, coder("2.30.0"));
  assert.deepEqual(found.state, state);
  assert.equal(facts(coder("2.30.0"), { deployment: live("hand:1") }).released, coder("2.30.0"));
  assert.equal(facts(coder("2.30.0"), { deployment: live(coder("2.32.0")) }).released, coder("2.30.0"));
  const later = facts(coder("2.29.0"), { deployment: live(coder("2.31.0")) });
  assert.equal(later.released, coder("2.31.0"), "another operator has upgraded it meanwhile");
  assert.equal(later.state, undefined, "our note is about another image");
});

Deno.test("what is in the template already is not asked about again", () => {
  const deployment = deploymentOf({ image: coder("2.29.0"), state: { image: coder("2.30.0"), since } });
  assert.equal(facts(coder("2.29.0"), { deployment }).released, coder("2.29.0"));
});

Deno.test("the floor is the latest version that may have used the database", () => {
  const status = { image: coder("2.29.0"), version: "v2.29.0" };
  const under = (ready: number, noted?: true) =>
    deploymentOf({
      image: coder("2.30.0"),
      state: { image: coder("2.30.0"), since, ...(noted && { ready: noted }) },
      updated: 1,
      updatedReady: ready,
      old: 2,
    });
  const wanted = coder("2.31.0");
  assert.equal(facts(wanted, { status, deployment: under(0) }).floor, "v2.29.0", "no pod of it was ready");
  assert.equal(facts(wanted, { status, deployment: under(1) }).floor, "v2.30.0", "one is");
  assert.equal(facts(wanted, { status, deployment: under(0, true) }).floor, "v2.30.0", "one was");
  assert.equal(
    facts(wanted, { status, deployment: under(0), said: "v2.30.0" }).floor,
    "v2.30.0",
    "one answered",
  );
  assert.equal(facts(wanted, { status, said: "v2.28.0" }).floor, "v2.29.0", "an answer from before");
  assert.equal(facts(wanted, { status: { ...status, version: "v2.32.1" } }).floor, "v2.32.1");
  assert.equal(facts(wanted, { status: { image: "coder:latest", version: "v2.30.0" } }).floor, "v2.30.0");
  assert.equal(facts(wanted, { status: { image: "coder:latest" } }).floor, undefined);
  const before = deploymentOf({ image: coder("2.28.0") });
  assert.equal(
    facts(wanted, { deployment: before }).floor,
    "v2.28.0",
    "an installation of an earlier operator",
  );
});

Deno.test("once another image than the last complete one has run, nothing can be given up until it is complete", () => {
  const moved = (completed: string, state: { moved?: true; ready?: true }, ready = 0) => {
    const image = coder("2.31.0");
    const look = { image, state: { image, since, ...state }, updated: 1, updatedReady: ready, old: 2 };
    return facts(coder("2.29.0"), { status: { image: completed }, deployment: deploymentOf(look) }).moved;
  };
  assert.equal(moved(coder("2.29.0"), {}), false);
  assert.equal(moved(coder("2.29.0"), {}, 1), true, "a pod is ready");
  assert.equal(moved(coder("2.29.0"), { ready: true }), true, "a pod was");
  assert.equal(moved(coder("2.29.0"), { moved: true }), true, "a pod of an image in between was");
  assert.equal(moved(coder("2.31.0"), { moved: true, ready: true }), false, "it is complete");
});

Deno.test("the database's number tells whether the schema is another image's, and its memory is kept up", () => {
  const image = coder("2.30.0");
  const state = { image, since, schema: { before: 412 } };
  const look = (ready: number, more: object = {}) =>
    deploymentOf({ image, state: { ...state, ...more }, updated: 1, updatedReady: ready, old: 2 });
  const seen = (deployment: Deployment, version?: number, completed = coder("2.29.0")) => {
    const migration = version === undefined ? undefined : { version, dirty: false };
    const found = upgradeFacts({
      controlPlane: controlPlane({ image: coder("2.29.0") }),
      status: { image: completed },
      deployment,
      said: undefined,
      migration,
    });
    const floor = found.floor === undefined ? "" : versionText(found.floor);
    return [found.moved, found.schemaMoved, found.othersRan, floor, found.state?.schema];
  };
  assert.deepEqual(
    seen(look(0)),
    [false, false, false, "v2.29.0", { before: 412 }],
    "unknown: the pods tell",
  );
  assert.deepEqual(seen(look(1)), [true, false, true, "v2.30.0", { before: 412 }]);
  const same = { before: 412, now: 412 };
  const other = { before: 412, now: 415 };
  assert.deepEqual(seen(look(1), 412), [false, false, true, "v2.30.0", same], "ready, and the same");
  assert.deepEqual(seen(look(0), 415), [true, true, false, "v2.30.0", other], "never ready, and another");
  assert.deepEqual(seen(look(0, { schema: other })), [true, true, false, "v2.30.0", other], "it was seen");
  assert.deepEqual(seen(look(0, { schema: other }), 412), [false, false, false, "v2.29.0", same], "restored");
  assert.deepEqual(seen(look(1), 415, image).slice(0, 3), [false, false, false], "it is complete");
});

Deno.test("ready pods of the current template are counted so that it is never one too many", () => {
  const counts = (look: Partial<Parameters<typeof deploymentOf>[0]>) =>
    newPods(deploymentOf({ image: "a", ...look }));
  assert.deepEqual(counts({ wanted: 2 }), { count: 2, ready: 2 });
  assert.deepEqual(counts({ updated: 1, updatedReady: 0, old: 2 }), { count: 1, ready: 0 });
  assert.deepEqual(counts({ updated: 1, updatedReady: 1, old: 2 }), { count: 1, ready: 1 });
  assert.deepEqual(counts({ updated: 1, updatedReady: 1, old: 1, oldUnready: 1 }), { count: 1, ready: 0 });
  const unseen = deploymentOf({ image: "a" });
  unseen.metadata.generation = 2;
  assert.deepEqual(newPods(unseen), { count: 0, ready: 0 });
  assert.deepEqual(newPods(undefined), { count: 0, ready: 0 });
});

Deno.test("a rollout is complete where every pod runs the image and one of them is ready", () => {
  const done = deploymentOf({ image: "a" });
  assert.ok(isRolledOut(done, "a"));
  assert.ok(!isRolledOut(done, "b"));
  assert.ok(!isRolledOut(done, undefined));
  assert.ok(!isRolledOut(undefined, "a"));
  assert.ok(!isRolledOut(deploymentOf({ image: "a", updated: 1, old: 1 }), "a"));
  assert.ok(!isRolledOut(deploymentOf({ image: "a", wanted: 0 }), "a"), "no pod proves nothing");
});
