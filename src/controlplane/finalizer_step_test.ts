import assert from "node:assert/strict";
import type { CoderControlPlane } from "../api/control_plane.ts";
import type { JsonPatchOperation, PatchBody } from "../kube/client.ts";
import { isForbidden } from "../kube/errors.ts";
import { RBAC_FINALIZER } from "./finalizer.ts";
import { finalizerStep } from "./finalizer_step.ts";
import type { Pass, Tools } from "./step.ts";
import { passKind, storedControlPlane } from "./testing.ts";
import { refused } from "./rbac/workspace_testing.ts";

/** Runs the step on `seen`, with `cached` in the cache; `answers` are what patches get, `live` what reads get. */
async function run(
  seen: CoderControlPlane,
  options: { cached?: CoderControlPlane; answers?: unknown[]; live?: CoderControlPlane | Error } = {},
) {
  const { cached, answers = [], live } = options;
  const patches: (readonly JsonPatchOperation[])[] = [];
  const observed: unknown[] = [];
  const tools = {
    client: {
      patch: (_type: unknown, _key: unknown, { body }: PatchBody) => {
        patches.push(body as JsonPatchOperation[]);
        const answer = answers.shift();
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve("stored");
      },
      get: () => live instanceof Error ? Promise.reject(live) : Promise.resolve(live),
    },
  } as unknown as Tools;
  const key = { namespace: "a", name: "coder" };
  const kind = passKind(key, { get: () => cached, observe: (object: unknown) => void observed.push(object) });
  await finalizerStep.run(
    { key, ...kind, object: seen, signal: new AbortController().signal } as Pass,
    tools,
  );
  return { patches, observed };
}

const held = (extra = {}) => storedControlPlane({}, { finalizers: [RBAC_FINALIZER], ...extra });
const tests = (resourceVersion = "1") => [
  { op: "test", path: "/metadata/uid", value: "uid-1" },
  { op: "test", path: "/metadata/resourceVersion", value: resourceVersion },
];

Deno.test("the finalizer is added to metadata and to nothing else, for the version that was seen", async () => {
  const { patches, observed } = await run(storedControlPlane());
  assert.deepEqual(patches, [[
    ...tests(),
    { op: "add", path: "/metadata/finalizers", value: [RBAC_FINALIZER] },
  ]]);
  assert.deepEqual(observed, ["stored"]);
});

Deno.test("finalizers of others stay before it", async () => {
  const { patches } = await run(storedControlPlane({}, { finalizers: ["x/y"] }));
  assert.deepEqual(patches[0]?.at(-1), { op: "add", path: "/metadata/finalizers/-", value: RBAC_FINALIZER });
});

Deno.test("nothing is written where it is there already, or the cache knows better", async () => {
  assert.deepEqual((await run(held())).patches, []);
  assert.deepEqual((await run(storedControlPlane(), { cached: held() })).patches, []);
  const another = held({ uid: "uid-2" });
  assert.equal((await run(storedControlPlane(), { cached: another })).patches.length, 1);
});

Deno.test("a lost race is run again on what is there now", async () => {
  const lost = refused(422, "Invalid");
  const live = storedControlPlane({}, { finalizers: ["x/y"], resourceVersion: "7" });
  const { patches } = await run(storedControlPlane(), { answers: [lost], live });
  assert.deepEqual(patches[1], [...tests("7"), {
    op: "add",
    path: "/metadata/finalizers/-",
    value: RBAC_FINALIZER,
  }]);
  assert.equal((await run(storedControlPlane(), { answers: [lost], live: held() })).patches.length, 1);
});

Deno.test("what is gone, replaced or going gets none", async () => {
  const lost = () => refused(422, "Invalid");
  const rows: Parameters<typeof run>[1][] = [
    { answers: [refused(404, "NotFound")] },
    { answers: [lost()], live: refused(404, "NotFound") },
    { answers: [lost()], live: storedControlPlane({}, { uid: "uid-2" }) },
    { answers: [lost()], live: storedControlPlane({}, { deletionTimestamp: "2026-01-01T00:00:00Z" }) },
  ];
  for (const row of rows) assert.equal((await run(storedControlPlane(), row)).patches.length, 1);
});

Deno.test("other refusals are thrown, and a race is not run for ever", async () => {
  await assert.rejects(run(storedControlPlane(), { answers: [refused(403, "Forbidden")] }), isForbidden);
  await assert.rejects(
    run(storedControlPlane(), { answers: [refused(422)], live: refused(403, "Forbidden") }),
    isForbidden,
  );
  const always = Array.from({ length: 9 }, () => refused(422, "Invalid", "again"));
  await assert.rejects(run(storedControlPlane(), { answers: always, live: storedControlPlane() }), /again/);
  assert.equal(always.length, 4);
});
