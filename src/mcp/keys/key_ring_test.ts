import assert from "node:assert/strict";
import {
  isOld,
  type KeyRecord,
  keysAt,
  OVERLAP_MS,
  processKeys,
  ROTATE_MS,
  rotated,
  SETTLE_MS,
} from "./key_ring.ts";

const NOW = Date.parse("2026-11-22T00:00:00Z");
const record = (): KeyRecord => rotated(rotated(undefined, NOW - ROTATE_MS), NOW);

Deno.test("the very first key is signed with at once", () => {
  const first = rotated(undefined, NOW);
  assert.deepEqual(keysAt(first, NOW), { current: first.current, all: [first.current] });
  assert.equal(first.current.length, 32);
});

Deno.test("a new key is believed at once, and signed with only when every replica has read it", () => {
  const { current, previous } = record();
  const at = (age: number) => keysAt({ current, previous, since: NOW }, NOW + age);
  assert.deepEqual(at(0), { current: previous, all: [previous, current] });
  assert.deepEqual(at(SETTLE_MS - 1).current, previous);
  assert.deepEqual(at(SETTLE_MS), { current, all: [current, previous] });
});

Deno.test("the key before is believed for two days more", () => {
  const keys = record();
  assert.equal(keysAt(keys, NOW + OVERLAP_MS - 1).all.length, 2);
  assert.deepEqual(keysAt(keys, NOW + OVERLAP_MS), { current: keys.current, all: [keys.current] });
  assert.ok(OVERLAP_MS >= 24 * 3_600_000);
});

Deno.test("where a clock is a minute behind, the new key is believed all the same", () => {
  const keys = record();
  const { current, all } = keysAt(keys, NOW - 60_000);
  assert.equal(current, keys.previous);
  assert.ok(all.includes(keys.current));
});

Deno.test("what one replica signs, another one believes, whatever minute of skew and thirty seconds of delay", () => {
  const before = rotated(undefined, NOW - ROTATE_MS);
  const after = rotated(before, NOW);
  for (let at = -60_000; at <= SETTLE_MS + 120_000; at += 5_000) {
    for (const skew of [-45_000, 0, 45_000]) {
      // The other one has read the new keys within thirty seconds.
      const other = at < 30_000 ? before : after;
      const signer = at < 0 ? before : after;
      const { current } = keysAt(signer, NOW + at + skew);
      assert.ok(keysAt(other, NOW + at).all.includes(current), `${at} ${skew}`);
    }
  }
});

Deno.test("keys are old after thirty days", () => {
  const keys = record();
  assert.equal(isOld(keys, NOW + ROTATE_MS - 1), false);
  assert.equal(isOld(keys, NOW + ROTATE_MS), true);
});

Deno.test("keys of a process stay as they are, and are nobody else's", () => {
  const keys = processKeys();
  assert.equal(keys(), keys());
  assert.notDeepEqual(keys().current, processKeys()().current);
});
