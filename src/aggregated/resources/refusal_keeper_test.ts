import assert from "node:assert/strict";
import type { Workspace } from "../../inventory/mod.ts";
import type { ShadowRecord, StoredShadow } from "../../shadow/mod.ts";
import { shadowRecord, uuid, wishRecord, workspace } from "../convert/testing.ts";
import { refusalKeeper } from "./refusal_keeper.ts";

const signal = new AbortController().signal;
const NOW = Date.parse("2026-05-01T12:00:00Z");
const REFUSAL = { reason: "Refused", message: "no", at: "2026-05-01T12:00:00.000Z" };

function setUp(stored?: StoredShadow, known: Workspace | undefined = workspace()) {
  /** How often somebody else is sooner. */
  let rivals = 0;
  const shadows = {
    read: () => Promise.resolve(stored),
    write(record: ShadowRecord, version: string | undefined) {
      if (rivals-- > 0 || version !== stored?.version) return Promise.resolve(undefined);
      stored = { record, version: `${Number(version ?? 0) + 1}` };
      return Promise.resolve(stored);
    },
  };
  const keep = refusalKeeper({ copy: { workspace: () => known } }, { shadows }, () => NOW);
  return { keep, record: () => stored?.record, contest: (times: number) => rivals = times };
}

Deno.test("a refusal is kept beside what is kept already", async () => {
  const before = shadowRecord({ metadata: { labels: { a: "b" } }, parametersOf: uuid(9) });
  const { keep, record, contest } = setUp({ record: before, version: "7" });
  contest(4);
  await keep(wishRecord(), "no", signal);
  assert.deepEqual(record(), { ...before, refusal: REFUSAL });
});

Deno.test("where nothing is kept, a record is made that people can tell the workspace by", async () => {
  const { keep, record } = setUp();
  await keep(wishRecord(), "no", signal);
  assert.deepEqual(record(), shadowRecord({ refusal: REFUSAL }));
});

Deno.test("long words are cut, without half a character", async () => {
  const { keep, record } = setUp();
  await keep(wishRecord(), `${"x".repeat(1_023)}😀`, signal);
  assert.equal(record()?.refusal?.message, `${"x".repeat(1_023)}\ufffd`);
});

Deno.test("a workspace that was never made has nobody to be told", async () => {
  const { keep, record } = setUp();
  const { workspace: _, ...unmade } = wishRecord();
  await keep(unmade, "no", signal);
  assert.equal(record(), undefined);
});

Deno.test("where others are always sooner, that is said", async () => {
  const { keep, contest } = setUp();
  contest(100);
  await assert.rejects(async () => await keep(wishRecord(), "no", signal), /all the time/);
});
