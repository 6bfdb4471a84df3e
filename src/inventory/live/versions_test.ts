import assert from "node:assert/strict";
import { earlier, isSameContent, later, parseVersion, VersionClock, versionFacts } from "./versions.ts";

const START = Date.parse("2026-01-01T00:00:00Z");
const plain = { mark: 0, isStale: false };

Deno.test("versions are the nanoseconds of the wall clock", () => {
  const clock = new VersionClock(() => START);
  const version = clock.next(plain);
  assert.ok(version >= BigInt(START) * 1_000_000n - 300_000n);
  assert.ok(version < BigInt(START + 1) * 1_000_000n);
  assert.ok(version < 2n ** 63n);
});

Deno.test("versions never stand still and never go back, whatever the wall clock does", () => {
  let now = START;
  const clock = new VersionClock(() => now);
  let before = clock.last;
  for (const step of [0, 0, 1, -5_000, 0, 3, -1, 60_000, 0]) {
    now += step;
    const version = clock.next({ mark: 131_071, isStale: true });
    assert.ok(version > before, String(step));
    assert.equal(clock.last, version);
    before = version;
  }
});

Deno.test("a burst of ten thousand changes runs ahead of time by three seconds at most", () => {
  const clock = new VersionClock(() => START);
  let last = 0n;
  for (let count = 0; count < 10_000; count++) last = clock.next(plain);
  assert.ok(last < BigInt(START + 3_000) * 1_000_000n);
});

Deno.test("a process that starts anew is above what it gave before", () => {
  let now = START;
  const before = new VersionClock(() => now).next({ mark: 77, isStale: true });
  now += 10;
  assert.ok(new VersionClock(() => now).next(plain) > before);
});

Deno.test("a version carries the mark of its content and whether something was hidden", () => {
  const clock = new VersionClock(() => START);
  assert.deepEqual(versionFacts(clock.next({ mark: 5, isStale: true })), { mark: 5, isStale: true });
  assert.deepEqual(versionFacts(clock.next({ mark: 2 ** 52 + 9, isStale: false })), {
    mark: 9,
    isStale: false,
  });
});

Deno.test("replicas can tell that an object is the same under another version", () => {
  const here = new VersionClock(() => START);
  const there = new VersionClock(() => START + 12_345);
  const [a, b, c] = [
    here.next({ mark: 9, isStale: false }),
    there.next({ mark: 9, isStale: true }),
    there.next(plain),
  ];
  assert.equal(isSameContent(String(a), String(b)), true);
  assert.equal(isSameContent(String(a), String(c)), false);
  assert.equal(isSameContent("abc", "abc"), true);
  assert.equal(isSameContent("abc", String(a)), false);
});

Deno.test("a version that was heard of lifts those to come, unless it is made up", () => {
  const clock = new VersionClock(() => START);
  const near = (BigInt(START) + 5_000n) * 1_000_000n;
  clock.heard(near);
  assert.ok(clock.next(plain) > near);
  const far = (BigInt(START) + 3_600_000n) * 1_000_000n;
  clock.heard(far);
  assert.ok(clock.next(plain) < far);
  const last = clock.last;
  clock.heard(1n);
  assert.ok(clock.next(plain) > last);
});

Deno.test("texts that are no versions are told apart", () => {
  assert.equal(parseVersion("1767225600000000000"), 1_767_225_600_000_000_000n);
  for (const text of ["", "0", "-1", "01", "1.5", "abc", "1".repeat(40)]) {
    assert.equal(parseVersion(text), undefined, text);
  }
});

Deno.test("versions of some time before and after are found", () => {
  assert.equal(earlier(5_000_000_000n, 2_000), 3_000_000_000n);
  assert.equal(later(5_000_000_000n, 2_000), 7_000_000_000n);
});
