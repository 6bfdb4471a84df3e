import assert from "node:assert/strict";
import { parseWorkspaceProxy } from "../../api/workspace_proxy.ts";
import {
  isOfGoOperator,
  isSamePlace,
  placeOf,
  recordOf,
  type RegistrationRecord,
  retired,
  statusOf,
  timeText,
  withIntent,
  withoutBegun,
  withoutFormer,
  withoutIntent,
  withRegistration,
} from "./record.ts";
import { place } from "./testing.ts";

const NOW = new Date("2026-01-01T00:00:00.250Z");
const TIME = "2026-01-01T00:00:00Z";
const A = place("http://a");
const B = place("http://b");
const registration = { id: "1", name: "paris", ...A };
const registered: RegistrationRecord = { registered: true, registration };

Deno.test("a record reads from the status and goes back into it", () => {
  const status = {
    registered: true,
    registration,
    registrationIntent: { name: "paris", since: TIME, ...B },
    formerRegistrations: [{ id: "2", name: "old", since: TIME, ...A }],
  };
  const parsed = parseWorkspaceProxy({ metadata: { name: "p", namespace: "n" }, status }).status;
  assert.deepEqual(recordOf(parsed), status);
  assert.deepEqual(statusOf(recordOf(parsed)), status);
});

Deno.test("an empty record takes every field away", () => {
  assert.deepEqual(recordOf({ registered: false, formerRegistrations: [] }), {});
  assert.deepEqual(statusOf({}), {
    registered: undefined,
    registration: undefined,
    registrationIntent: undefined,
    formerRegistrations: undefined,
  });
});

Deno.test("the Go operator says that it registered a proxy, and not which", () => {
  assert.equal(isOfGoOperator({ registered: true }), true);
  assert.equal(isOfGoOperator(registered), false);
  assert.equal(isOfGoOperator({}), false);
  const intent = { name: "paris", since: TIME, ...A };
  assert.equal(isOfGoOperator({ registered: true, registrationIntent: intent }), false);
  assert.equal(isOfGoOperator({ registered: true, formerRegistrations: [intent] }), false);
});

Deno.test("places differ in address, control plane and Secret", () => {
  const secret = (tokenSecretRef: typeof A.tokenSecretRef) => place("http://a", { tokenSecretRef });
  const others = [
    B,
    place("http://a", { controlPlaneName: "c" }),
    place("http://a", { controlPlaneNamespace: "n" }),
    secret({ name: "other", key: "token" }),
    secret({ name: "admin", key: "k" }),
    secret({ name: "admin", key: "token", namespace: "n" }),
  ];
  assert.equal(isSamePlace(A, place("http://a")), true);
  for (const other of others) assert.equal(isSamePlace(A, other), false, JSON.stringify(other));
  const full = place("http://a", { controlPlaneName: "c", controlPlaneNamespace: "n" });
  assert.deepEqual(placeOf({ ...registration, ...full }), full);
});

Deno.test("a completed registration takes the place of its intent", () => {
  const begun = withIntent({}, "paris", A, NOW);
  assert.deepEqual(begun, { registrationIntent: { name: "paris", since: TIME, ...A } });
  assert.deepEqual(withRegistration(begun, { id: "1", name: "paris" }, A, NOW), registered);
});

Deno.test("an earlier registration has to go when there is a new one, and only then", () => {
  const begun = withIntent(registered, "paris", B, NOW);
  assert.deepEqual(begun.registration, registration);
  assert.equal(begun.formerRegistrations, undefined);
  const moved = withRegistration(begun, { id: "2", name: "paris" }, B, NOW);
  assert.deepEqual(moved.registration, { id: "2", name: "paris", ...B });
  assert.deepEqual(moved.formerRegistrations, [{ id: "1", name: "paris", since: TIME, ...A }]);
});

Deno.test("one that is not there any more, at the same place, is forgotten", () => {
  assert.deepEqual(withIntent(registered, "paris", A, NOW), {
    registrationIntent: { name: "paris", since: TIME, ...A },
  });
});

Deno.test("a registration that comes back is not one that has to go", () => {
  const moved = withRegistration(registered, { id: "2", name: "paris" }, B, NOW);
  const back = withRegistration(moved, { id: "1", name: "paris" }, A, NOW);
  assert.deepEqual(back.registration, registration);
  assert.deepEqual(back.formerRegistrations?.map(({ id }) => id), ["2"]);
});

Deno.test("an intent that is given up is remembered where Coder may have carried it out", () => {
  const begun = withIntent(registered, "lyon", B, NOW);
  assert.deepEqual(withoutIntent(begun, false), registered);
  assert.deepEqual(withoutIntent(begun, true).formerRegistrations, [{ name: "lyon", since: TIME, ...B }]);
});

Deno.test("a proxy that a begun registration made is not among those that have to go", () => {
  const begun = (name: string, at: typeof A) => ({ name, since: TIME, ...at });
  const record = { formerRegistrations: [begun("lyon", A), begun("Paris", A), begun("paris", B)] };
  const rest = withoutBegun(record, { name: "paris" }, place("http://a", { controlPlaneName: "c" }));
  assert.deepEqual(rest.formerRegistrations, [begun("lyon", A), begun("paris", B)]);
  assert.deepEqual(withoutBegun(registered, { name: "paris" }, A), registered);
});

Deno.test("where nobody can tell which of the begun ones made it, all of them are looked for", () => {
  const begun = { name: "paris", since: TIME, ...A };
  const twice = { formerRegistrations: [begun, { ...begun, since: "2025-12-31T23:59:59Z" }] };
  assert.deepEqual(withoutBegun(twice, { name: "paris" }, A), twice);
  const again = { registrationIntent: begun, formerRegistrations: [begun] };
  assert.deepEqual(withoutBegun(again, { name: "paris" }, A), again);
  const known = { formerRegistrations: [{ ...begun, id: "1" }] };
  assert.deepEqual(withoutBegun(known, { name: "paris" }, A), known);
});

Deno.test("where nothing is to be registered, everything has to go, save what the user keeps", () => {
  const begun = withIntent(registered, "lyon", B, NOW);
  assert.deepEqual(retired(begun, false, NOW), {
    formerRegistrations: [
      { name: "lyon", since: TIME, ...B },
      { id: "1", name: "paris", since: TIME, ...A },
    ],
  });
  assert.deepEqual(retired(registered, true, NOW), {});
  assert.deepEqual(retired({ registered: true }, false, NOW), {});
});

Deno.test("a former registration that is gone is taken out, and nothing else", () => {
  const record = retired(withIntent(registered, "lyon", B, NOW), false, NOW);
  const [first, second] = record.formerRegistrations ?? [];
  assert.deepEqual(withoutFormer(record, first!).formerRegistrations, [second]);
  assert.deepEqual(withoutFormer({ formerRegistrations: [first!] }, first!), {});
  const both = { ...registered, formerRegistrations: [first!] };
  assert.deepEqual(withoutFormer(both, first!), registered);
});

Deno.test("times have seconds, as the API keeps them", () => {
  assert.equal(timeText(NOW), TIME);
});
