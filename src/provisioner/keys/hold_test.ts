import assert from "node:assert/strict";
import { CoderApiError, type CoderErrorKind, CoderNotSentError } from "../../coder/mod.ts";
import { heldAfter, heldFor, holdOf, released, WAITS_MS, withoutOldHolds } from "./hold.ts";
import type { KeyRecord, KeyWanted } from "./types.ts";

const now = new Date("2026-01-01T00:00:00Z");
const home = { namespace: "a", name: "coder" };
const elsewhere = { namespace: "b", name: "coder" };
const wanted: KeyWanted = {
  uid: "u",
  baseName: "prov",
  organization: { name: "default" },
  tags: {},
  home,
  existingSecret: false,
};
const empty: KeyRecord = { intents: [], holds: [] };
const call = { method: "POST", route: "/" };
const refusal = (kind: CoderErrorKind, retryAfterMs?: number) =>
  new CoderApiError("no", { status: 400, kind, call, retryAfterMs });
const after = (record: KeyRecord, error: unknown, random = 0.5) =>
  heldAfter(record, error, { home, wanted, now, random });
const left = (record: KeyRecord, later = 0, of: KeyWanted = wanted) =>
  heldFor(record, { home, wanted: of, now: new Date(now.getTime() + later) });

Deno.test("waits grow with every failure in a row, up to five minutes", () => {
  let record = empty;
  const waits = Array.from({ length: 7 }, () => {
    record = after(record, refusal("unavailable"));
    return left(record);
  });
  assert.deepEqual(waits, [5_000, 45_000, 90_000, 180_000, 300_000, 300_000, 300_000]);
  assert.equal(holdOf(record, home)?.failures, 7);
});

Deno.test("no 35 seconds see more than two tries, however the waits are spread", () => {
  const shortest = WAITS_MS.map((wait) => wait * 0.8);
  for (let i = 0; i + 1 < shortest.length; i++) assert.ok(shortest[i]! + shortest[i + 1]! > 35_000);
  assert.equal(left(after(empty, refusal("unavailable"), 0)), 4_000);
  assert.ok(left(after(empty, refusal("unavailable"), 0.999)) <= 6_000);
});

Deno.test("what Coder asks for is honoured where it is longer", () => {
  assert.equal(left(after(empty, refusal("rateLimited", 60_000))), 60_000);
  assert.equal(left(after(empty, refusal("rateLimited", 1_000))), 5_000);
  const held = new CoderNotSentError("held", { kind: "rateLimited", call, retryAfterMs: 33_000 });
  const wait = left(after(empty, held));
  assert.ok(wait >= 33_000 && wait <= 40_000, String(wait));
  assert.equal(holdOf(after(empty, held), home)?.reason, "RateLimited");
});

Deno.test("a refusal that time does not mend waits long, unless something else is asked for", () => {
  for (const kind of ["unauthorized", "forbidden", "notFound", "unsupported", "invalid"] as const) {
    const record = after(empty, refusal(kind));
    assert.equal(left(record), 300_000, kind);
    assert.equal(left(record, 0, { ...wanted, credentials: "new" }), 0, kind);
    assert.equal(left(record, 0, { ...wanted, tags: { a: "b" } }), 0, kind);
  }
});

Deno.test("an organization that is not there is told as such, with what to do", () => {
  const told = (record: KeyRecord) => holdOf(record, home)?.message ?? "";
  assert.match(
    told(after(empty, refusal("notFound"))),
    /no organization default.*correct spec.organizationName/,
  );
  assert.equal(told(after(empty, refusal("forbidden"))), "no");
});

Deno.test("a refusal that time mends waits whatever is asked for", () => {
  for (const kind of ["unavailable", "rateLimited", "conflict", "badResponse", "aborted"] as const) {
    const record = after(empty, refusal(kind));
    assert.ok(left(record, 0, { ...wanted, tags: { a: "b" } }) > 0, kind);
  }
});

Deno.test("reasons name the class of the failure", () => {
  const reason = (error: unknown) => holdOf(after(empty, error), home)?.reason;
  assert.equal(reason(refusal("unauthorized")), "TokenRefused");
  assert.equal(reason(refusal("notFound")), "OrganizationNotFound");
  assert.equal(reason(new Error("the API server refuses")), "SecretNotWritten");
  assert.equal(reason("text"), "SecretNotWritten");
  const notEntitled = new CoderApiError("no", {
    status: 403,
    kind: "forbidden",
    reason: "notEntitled",
    call,
  });
  assert.equal(reason(notEntitled), "NotEntitled");
});

Deno.test("each deployment has a hold of its own", () => {
  const one = after(empty, refusal("unavailable"));
  const two = heldAfter(one, refusal("rateLimited"), { home: elsewhere, wanted, now, random: 0.5 });
  assert.equal(two.holds.length, 2);
  assert.equal(holdOf(two, home)?.failures, 1);
  assert.deepEqual(released(two, home).holds, [holdOf(two, elsewhere)]);
  assert.equal(left(released(two, home)), 0);
});

Deno.test("a hold ends with its time", () => {
  const record = after(empty, refusal("unavailable"));
  assert.equal(left(record, 4_999), 1);
  assert.equal(left(record, 5_000), 0);
  assert.deepEqual(withoutOldHolds(record, new Date(now.getTime() + 4_999)), record);
  assert.deepEqual(withoutOldHolds(record, new Date(now.getTime() + 5_000)).holds, []);
});

Deno.test("a time that no hold can have does not stop anybody", () => {
  const [hold] = after(empty, refusal("unavailable")).holds;
  for (const notBefore of ["2099-01-01T00:00:00Z", "soon"]) {
    assert.equal(left({ ...empty, holds: [{ ...hold!, notBefore }] }), 0, notBefore);
  }
});

Deno.test("a request that was not sent is no failure: the wait is the one that is known, and its words stay", () => {
  const unsent = (retryAfterMs: number) =>
    new CoderNotSentError(`not before ${retryAfterMs} ms`, {
      kind: "rateLimited",
      reason: "held",
      call,
      retryAfterMs,
    });
  const first = heldAfter({ intents: [], holds: [] }, unsent(1_000), { home, wanted, now, random: 0 });
  const [hold] = first.holds;
  assert.deepEqual([hold?.failures, hold?.notBefore], [0, new Date(now.getTime() + 1_000).toISOString()]);
  const again = heldAfter(first, unsent(2_000), { home, wanted, now, random: 0 });
  assert.equal(again.holds[0]?.message, hold?.message);
  assert.equal(again.holds[0]?.failures, 0);
  const failed = heldAfter({ intents: [], holds: [] }, refusal("unavailable"), {
    home,
    wanted,
    now,
    random: 0.5,
  });
  const later = heldAfter(failed, unsent(1_000), { home, wanted, now, random: 0.5 });
  assert.deepEqual([later.holds[0]?.failures, later.holds[0]?.reason], [1, "CoderUnavailable"]);
});
