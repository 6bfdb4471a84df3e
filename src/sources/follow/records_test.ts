import assert from "node:assert/strict";
import { type KeptRecord, type RecordStore, sourceRecords } from "./records.ts";

const signal = new AbortController().signal;

function storeOf(...records: KeptRecord[]) {
  const stored = new Map(records.map((record) => [record.id, { record, version: "1" }]));
  const store: RecordStore<KeptRecord> = {
    all: () => stored.values(),
    read: (_, id) => Promise.resolve(stored.get(id)),
    write(record, version) {
      if (stored.get(record.id)?.version !== version) return Promise.resolve(undefined);
      const next = { record, version: String(Number(version) + 1) };
      stored.set(record.id, next);
      return Promise.resolve(next);
    },
  };
  return { stored, records: sourceRecords(store) };
}

const spec = {
  source: { git: { url: "https://x/y" } },
  variables: [{ name: "a", value: "b" }],
  provisionerTags: { c: "d" },
};

Deno.test("templates with a source are followed, with what belongs to it", async () => {
  const { records } = storeOf(
    { id: "plain", metadata: {} },
    { id: "odd", metadata: {}, spec: { source: "a text" } },
    {
      id: "one",
      metadata: { annotations: { "coder.com/reconcile-at": "now" } },
      spec,
      source: { revision: "r", of: 7 },
    },
  );
  const one = { ...spec, provisionerTags: undefined };
  const expected = {
    id: "one",
    source: one.source,
    variables: one.variables,
    tags: { c: "d" },
    request: "now",
    // What cannot be read begins anew.
    state: {},
    version: "1",
  };
  assert.deepEqual([...records.list()], [expected]);
  assert.deepEqual(await records.read("one", signal), expected);
  assert.deepEqual([await records.read("odd", signal), await records.read("none", signal)], [
    undefined,
    undefined,
  ]);
});

Deno.test("a state is stored beside all else that is kept, unless somebody was sooner", async () => {
  const kept = {
    id: "one",
    metadata: { annotations: { mine: "1" } },
    spec,
    name: "docker",
    kind: "templates",
  };
  const { records, stored } = storeOf(kept);
  const before = (await records.read("one", signal))!;
  const attempt = { revision: "r", base: "b", at: "2026-01-01T00:00:00Z", stage: "canary" as const };
  const after = await records.write(before, { attempt, drift: false, badRevisions: [] }, signal);
  assert.equal(after?.version, "2");
  assert.deepEqual(stored.get("one")?.record, { ...kept, source: { attempt, phase: "Canary" } });
  assert.equal(await records.write(before, {}, signal), undefined);
  await assert.rejects(records.write({ ...before }, {}, signal), TypeError);
});

Deno.test("a problem is told as what could not be done, until it is gone; others' refusals stay", async () => {
  const { records, stored } = storeOf({ id: "one", metadata: {}, spec });
  const refusal = () => stored.get("one")?.record.refusal;
  const write = async (state: object) => {
    assert.ok(await records.write((await records.read("one", signal))!, state, signal));
  };
  const problem = { reason: "NotFound", message: "no branch x", at: "2026-01-01T00:00:00Z" };
  await write({ problem });
  assert.deepEqual(refusal(), problem);
  await write({});
  assert.equal(refusal(), undefined);
  const other = { reason: "Conflict", message: "something else", at: "2026-01-01T00:00:00Z" };
  stored.set("one", { record: { ...stored.get("one")!.record, refusal: other }, version: "9" });
  await write({});
  assert.deepEqual(refusal(), other);
});
