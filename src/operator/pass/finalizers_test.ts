import assert from "node:assert/strict";
import type { JsonPatchOperation, KubeClient, PatchBody } from "../../kube/client.ts";
import { isForbidden, KubeApiError } from "../../kube/errors.ts";
import { type Widget, widget, widgetPass, Widgets } from "../testing.ts";
import { addFinalizer, dropFinalizer, hasFinalizer, isHeld } from "./finalizers.ts";

const FINALIZER = "example.com/held";
const refused = (code: number, reason = "", message = "no") =>
  new KubeApiError(code, reason, message, { method: "PATCH", path: "/" });

/** A server that answers patches one after the other, and has `live`. */
function server({ answers = [], live }: { answers?: unknown[]; live?: Widget | Error | undefined }) {
  const patches: (readonly JsonPatchOperation[])[] = [];
  const client = {
    patch: (_type: unknown, _key: unknown, { body }: PatchBody) => {
      patches.push(body as JsonPatchOperation[]);
      const answer = answers.shift();
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve("stored");
    },
    get: () => live instanceof Error ? Promise.reject(live) : Promise.resolve(live),
  } as unknown as KubeClient;
  return { client, patches };
}

/** Adds the finalizer to what was `seen`. */
async function run(
  seen: Widget,
  options: { cached?: Widget; answers?: unknown[]; live?: Widget | Error } = {},
) {
  const { client, patches } = server(options);
  const observed: unknown[] = [];
  const informer = {
    get: () => options.cached,
    observe: (object: unknown) => void observed.push(object),
  };
  await addFinalizer(widgetPass({ object: seen, informer }), FINALIZER, client);
  return { patches, observed };
}

const held = (extra = {}) => widget({}, { finalizers: [FINALIZER], ...extra });
const tests = (resourceVersion = "1") => [
  { op: "test", path: "/metadata/uid", value: "uid-1" },
  { op: "test", path: "/metadata/resourceVersion", value: resourceVersion },
];

Deno.test("the finalizer is added to metadata and to nothing else, for the version that was seen", async () => {
  const { patches, observed } = await run(widget());
  assert.deepEqual(patches, [[
    ...tests(),
    { op: "add", path: "/metadata/finalizers", value: [FINALIZER] },
  ]]);
  assert.deepEqual(observed, ["stored"]);
});

Deno.test("finalizers of others stay before it", async () => {
  const { patches } = await run(widget({}, { finalizers: ["x/y"] }));
  assert.deepEqual(patches[0]?.at(-1), { op: "add", path: "/metadata/finalizers/-", value: FINALIZER });
});

Deno.test("nothing is written where it is there already, or the cache knows better", async () => {
  assert.deepEqual((await run(held())).patches, []);
  assert.deepEqual((await run(widget(), { cached: held() })).patches, []);
  const another = held({ uid: "uid-2" });
  assert.equal((await run(widget(), { cached: another })).patches.length, 1);
});

Deno.test("a lost race is run again on what is there now", async () => {
  const lost = refused(422, "Invalid");
  const live = widget({}, { finalizers: ["x/y"], resourceVersion: "7" });
  const { patches } = await run(widget(), { answers: [lost], live });
  assert.deepEqual(patches[1], [...tests("7"), {
    op: "add",
    path: "/metadata/finalizers/-",
    value: FINALIZER,
  }]);
  assert.equal((await run(widget(), { answers: [lost], live: held() })).patches.length, 1);
});

Deno.test("what is gone, replaced or going gets none", async () => {
  const lost = () => refused(422, "Invalid");
  const rows: Parameters<typeof run>[1][] = [
    { answers: [refused(404, "NotFound")] },
    { answers: [lost()], live: refused(404, "NotFound") },
    { answers: [lost()], live: widget({}, { uid: "uid-2" }) },
    { answers: [lost()], live: widget({}, { deletionTimestamp: "2026-01-01T00:00:00Z" }) },
  ];
  for (const row of rows) assert.equal((await run(widget(), row)).patches.length, 1);
});

Deno.test("other refusals are thrown, and a race is not run for ever", async () => {
  await assert.rejects(run(widget(), { answers: [refused(403, "Forbidden")] }), isForbidden);
  await assert.rejects(
    run(widget(), { answers: [refused(422)], live: refused(403, "Forbidden") }),
    isForbidden,
  );
  const always = Array.from({ length: 9 }, () => refused(422, "Invalid", "again"));
  await assert.rejects(run(widget(), { answers: always, live: widget() }), /again/);
  assert.equal(always.length, 4);
});

Deno.test("what is held for certain is told by the object, or by the cache of the same one", () => {
  const pass = (object: Widget, cached?: Widget) =>
    widgetPass({ object, informer: { get: () => cached, observe: () => {} } });
  assert.equal(hasFinalizer(held(), FINALIZER), true);
  assert.equal(hasFinalizer(widget({}, { finalizers: ["x/y"] }), FINALIZER), false);
  assert.equal(isHeld(pass(held()), FINALIZER), true);
  assert.equal(isHeld(pass(widget(), held()), FINALIZER), true);
  assert.equal(isHeld(pass(widget(), held({ uid: "uid-2" })), FINALIZER), false);
  assert.equal(isHeld(pass(widget()), FINALIZER), false);
});

const drop = async (object: Widget, options: Parameters<typeof server>[0] = {}) => {
  const { client, patches } = server(options);
  await dropFinalizer(Widgets, object, FINALIZER, { client, signal: new AbortController().signal });
  return patches;
};

Deno.test("only our entry is taken away, where it is", async () => {
  assert.deepEqual(await drop(widget({}, { finalizers: ["x/first", FINALIZER] })), [[
    { op: "test", path: "/metadata/finalizers/1", value: FINALIZER },
    { op: "remove", path: "/metadata/finalizers/1" },
  ]]);
  assert.deepEqual(await drop(widget({}, { finalizers: ["x/first"] })), []);
});

Deno.test("finalizers that changed meanwhile are looked up again", async () => {
  const seen = widget({}, { finalizers: ["x/gone", FINALIZER] });
  const patches = await drop(seen, { answers: [refused(422, "Invalid")], live: held() });
  assert.deepEqual(patches.map(([first]) => first?.path), [
    "/metadata/finalizers/1",
    "/metadata/finalizers/0",
  ]);
});

Deno.test("an object that is gone, or another, needs no patch; other refusals are thrown", async () => {
  assert.equal((await drop(held(), { answers: [refused(404)] })).length, 1);
  const lost = () => refused(422);
  assert.equal((await drop(held(), { answers: [lost()], live: held({ uid: "z" }) })).length, 1);
  assert.equal((await drop(held(), { answers: [lost()], live: refused(404, "NotFound") })).length, 1);
  await assert.rejects(drop(held(), { answers: [refused(403)] }), isForbidden);
  await assert.rejects(drop(held(), { answers: [lost()], live: refused(403, "Forbidden") }), isForbidden);
  const always = Array.from({ length: 9 }, () => refused(422, "Invalid", "again"));
  await assert.rejects(drop(held(), { answers: always, live: held() }), /again/);
  assert.equal(always.length, 4);
});
