import assert from "node:assert/strict";
import { canonicalJson } from "../../kube/apply/canonical_json.ts";
import { secretAnnotations, secretView, tagsHash, valueHash } from "./hashes.ts";
import { newKeyName } from "./names.ts";
import { settle } from "./settle.ts";
import type { Key, KeyFacts, KeyIntent, KeyListing, KeyRecord } from "./types.ts";

const now = new Date("2026-01-01T01:00:00Z");
const home = { namespace: "a", name: "coder", deploymentId: "1" };
const tags = { region: "eu" };
const name = (n: number) => newKeyName("prov", "uid", () => n / 32);
const key = (n: number, more: Partial<Key> = {}): Key => ({
  name: name(n),
  id: `id-${n}`,
  organization: { name: "default", id: "org" },
  tagsHash: tagsHash(tags),
  valueHash: valueHash(`value-${n}`),
  createdAt: "2026-01-01T00:00:00Z",
  home,
  ...more,
});
const intent = (n: number, step: KeyIntent["step"], more: Partial<Key> = {}): KeyIntent => ({
  ...key(n, { id: undefined, valueHash: undefined, createdAt: undefined, ...more }),
  step,
  since: "2026-01-01T00:30:00Z",
});
const listing = (...numbers: number[]): KeyListing => ({
  takenAt: now.getTime() - 1,
  keys: numbers.map((n) => ({ id: `id-${n}`, name: name(n), tags, created_at: "2026-01-01T00:00:01Z" })),
});
const secretOf = (n: number) => secretView(`value-${n}`, secretAnnotations(name(n), `value-${n}`));
const facts = (record: Partial<KeyRecord>, more: Partial<KeyFacts> = {}): KeyFacts => ({
  wanted: {
    uid: "uid",
    baseName: "prov",
    organization: { name: "default", id: "org" },
    tags,
    home,
    existingSecret: false,
  },
  record: { intents: [], holds: [], ...record },
  secret: secretOf(1),
  rolledWith: undefined,
  entitled: true,
  now,
  ...more,
});
const short = ({ present, intents }: KeyRecord) => [
  present?.name,
  ...intents.map(({ step, name }) => `${step} ${name}`),
];

/** Cases by what they show; each gives the names on the settled record, and why a new key is needed. */
const CASES: Readonly<Record<string, [KeyFacts, string[], string?]>> = {
  "all is well": [facts({ present: key(1) }, { listing: listing(1) }), [name(1)]],
  "the Secret was written, and the record was not": [
    facts({ present: key(1), intents: [intent(2, "Making")] }, { secret: secretOf(2) }),
    [name(2), `Retiring ${name(1)}`],
  ],
  "the Secret was written late": [
    facts({ present: key(1), intents: [intent(2, "Undoing")] }, { secret: secretOf(2) }),
    [name(2), `Retiring ${name(1)}`],
  ],
  "a Secret with a key that has to go was restored": [
    facts({ present: key(1), intents: [intent(2, "Retiring")] }, { secret: secretOf(2) }),
    [name(1), `Retiring ${name(2)}`],
    "SecretChanged",
  ],
  "a key that is being made is not needed any more": [
    facts({ present: key(1), intents: [intent(2, "Making")] }),
    [name(1), `Retiring ${name(2)}`],
  ],
  "a key that is being made has other tags than are wanted now": [
    facts({ intents: [intent(2, "Making", { tagsHash: "other" })] }, { secret: { state: "missing" } }),
    [`Retiring ${name(2)}`],
    "FirstKey",
  ],
  "a key that is being made is still needed": [
    facts({ intents: [intent(2, "Making")] }, { secret: { state: "missing" } }),
    [`Making ${name(2)}`],
    "FirstKey",
  ],
  "the record was lost, and Coder knows the key in the Secret": [
    facts({}, { listing: listing(1) }),
    [name(1)],
  ],
  "the record is an old one, and Coder knows the key in the Secret": [
    facts({ present: key(2) }, { listing: listing(1, 2) }),
    [name(1), `Retiring ${name(2)}`],
  ],
  "the record was lost, and Coder does not know the key in the Secret": [
    facts({}, { listing: listing() }),
    [],
    "FirstKey",
  ],
  "the list has keys of ours that nobody knows": [
    facts({ present: key(1) }, { listing: listing(1, 3) }),
    [name(1), `Retiring ${name(3)}`],
  ],
  "the list is older than the last change": [
    facts({ present: key(1), changedAt: now.toISOString() }, { listing: listing(3) }),
    [name(1)],
  ],
  "the list does not have the present key": [
    facts({ present: key(1) }, { listing: listing() }),
    [name(1)],
    "KeyGone",
  ],
  "the list does not have the present key, which no list had and which is young": [
    facts({ present: key(1, { id: undefined, createdAt: "2026-01-01T00:55:00Z" }) }, { listing: listing() }),
    [name(1)],
  ],
  "the list does not have the present key, which no list had and which is old": [
    facts({ present: key(1, { id: undefined }) }, { listing: listing() }),
    [name(1)],
    "KeyGone",
  ],
  "the list has another key of the same name": [
    facts({ present: key(1, { id: "other" }) }, { listing: listing(1) }),
    [name(1)],
    "KeyAltered",
  ],
};

for (const [what, [given, names, need]] of Object.entries(CASES)) {
  Deno.test(`settled: ${what}`, () => {
    const settled = settle(given);
    assert.deepEqual(short(settled.record).filter((each) => each !== undefined), names);
    assert.equal(settled.need, need);
    // What is settled stays as it is.
    const again = settle({ ...given, record: settled.record });
    assert.equal(canonicalJson(again.record), canonicalJson(settled.record));
    assert.equal(again.need, settled.need);
    assert.deepEqual(again.events, []);
  });
}

Deno.test("a key that is put to use answers the request that it was made for", () => {
  const making = { ...intent(2, "Making"), rotation: "now" };
  const given = facts({ present: key(1), intents: [making] }, { secret: secretOf(2) });
  const { record, need } = settle({ ...given, wanted: { ...given.wanted, rotate: "now" } });
  assert.deepEqual([record.rotation, need], ["now", undefined]);
  assert.equal(record.present?.valueHash, valueHash("value-2"));
  assert.equal(record.changedAt, now.toISOString());
});

Deno.test("a request that comes while a key is being made is answered by that key", () => {
  const given = facts({ intents: [intent(2, "Making")] }, { secret: { state: "missing" } });
  const { record } = settle({ ...given, wanted: { ...given.wanted, rotate: "now" } });
  assert.equal(record.intents[0]?.rotation, "now");
});

Deno.test("the id and the age of a key come from the list", () => {
  const given = facts({ present: key(1, { id: undefined, createdAt: undefined }) }, { listing: listing(1) });
  const { present } = settle(given).record;
  assert.deepEqual([present?.id, present?.createdAt], ["id-1", "2026-01-01T00:00:01Z"]);
});

Deno.test("a key of the Go operator is remembered by what the Secret holds now", () => {
  const legacy = key(1, { name: "prov", valueHash: undefined, tagsHash: undefined });
  const given = facts({ present: legacy }, { secret: secretView("value-9") });
  const { record, need } = settle(given);
  assert.equal(record.present?.valueHash, valueHash("value-9"));
  assert.equal(need, undefined);
  assert.equal(settle({ ...given, record, secret: secretView("other") }).need, "SecretChanged");
});

Deno.test("a key in the Secret that is on no record waits for a list, or for a newer one", () => {
  assert.equal(settle(facts({})).asksForListing, true);
  assert.equal(settle(facts({ changedAt: now.toISOString() }, { listing: listing(1) })).asksForListing, true);
  assert.equal(settle(facts({}, { listing: listing() })).asksForListing, false);
  assert.equal(settle(facts({ present: key(1) })).asksForListing, false);
});
