import assert from "node:assert/strict";
import { decide, type Decision, type RegistrationFacts } from "./decide.ts";
import { newFace } from "./face.ts";
import { liveProxy, place, UID, wanted } from "./testing.ts";

const A = "http://a";
const NOW = new Date("2026-01-01T00:00:00Z");
const own = liveProxy();
const token = `${own.id}:secret`;
const held = { state: "held", token } as const;
const primary = liveProxy({ id: "22222222-2222-4222-8222-222222222222", name: "primary" });
const registration = { id: own.id, name: own.name, ...place(A) };
const registered = { registered: true, registration } as const;

function decided(facts: Partial<RegistrationFacts> = {}): Decision {
  return decide({
    uid: UID,
    wanted: wanted(A),
    record: registered,
    secret: held,
    made: undefined,
    proxies: [primary, own],
    verdict: undefined,
    confirmed: true,
    now: NOW,
    ...facts,
  });
}

/** What is to be done, with the reason of a refusal or the need of a new token. */
function brief(facts: Partial<RegistrationFacts>): string {
  const decision = decided(facts);
  if (decision.do === "refuse") return `refuse ${decision.error.reason}`;
  return decision.do === "regenerate" ? `regenerate ${decision.need}` : decision.do;
}

Deno.test("a proxy that is registered, accepted and well rests", () => {
  assert.deepEqual(decided(), { do: "rest", proxy: own });
});

Deno.test("without a list of proxies it looks first", () => {
  assert.equal(brief({ proxies: undefined }), "look");
  assert.equal(brief({ proxies: undefined, record: {}, secret: { state: "missing" } }), "look");
});

Deno.test("a token that was made goes into the Secret before anything else", () => {
  assert.deepEqual(decided({ made: "new", proxies: undefined }), { do: "store", token: "new" });
  assert.equal(brief({ made: "new", secret: { state: "foreign", message: "" } }), "refuse SecretForeign");
  assert.equal(brief({ made: "new", wanted: undefined, record: {} }), "rest");
});

Deno.test("a token is made anew where it is missing, refused, or another proxy's, and only there", () => {
  assert.equal(brief({ secret: { state: "missing" } }), "regenerate TokenMissing");
  assert.equal(brief({ verdict: "refused" }), "regenerate TokenRefused");
  assert.equal(brief({ secret: { state: "held", token: `${primary.id}:x` } }), "regenerate TokenOfOther");
  assert.equal(brief({ secret: { state: "held", token: "garbage" } }), "regenerate TokenOfOther");
  assert.equal(brief({ verdict: "unknown" }), "rest");
  assert.equal(brief({ verdict: "accepted", confirmed: false }), "rest");
});

Deno.test("a token is asked about unless it was accepted lately and the proxy is well", () => {
  assert.equal(brief({ confirmed: false }), "check");
  for (const status of ["unregistered", "unreachable", "unhealthy", "unknown", ""]) {
    const sick = liveProxy({ status: { status, report: null } });
    assert.equal(brief({ proxies: [sick] }), "check", status);
    assert.equal(brief({ proxies: [sick], verdict: "accepted" }), "rest", status);
  }
  assert.equal(brief({ proxies: [liveProxy({ status: null })] }), "check");
});

Deno.test("ids and names are compared as Coder compares them", () => {
  const shouting = liveProxy({ id: own.id.toUpperCase() });
  assert.equal(brief({ proxies: [shouting] }), "rest");
  const record = {};
  assert.equal(
    brief({ record, secret: { state: "missing" }, proxies: [liveProxy({ name: "PARIS" })] }),
    "refuse NameTaken",
  );
});

Deno.test("a proxy that was deleted counts as none", () => {
  const deleted = liveProxy({ deleted: true });
  assert.equal(brief({ proxies: [deleted], verdict: "refused" }), "save");
  assert.equal(brief({ proxies: [deleted], record: {}, secret: { state: "missing" } }), "save");
});

Deno.test("of a proxy that Coder does not show, its token is asked first", () => {
  assert.equal(brief({ proxies: [primary] }), "check");
  assert.equal(brief({ proxies: [primary], verdict: "accepted" }), "refuse NotVisible");
  assert.equal(brief({ proxies: [primary], verdict: "refused" }), "save");
  assert.equal(brief({ proxies: [primary], verdict: "unknown" }), "save");
  assert.equal(brief({ proxies: [primary], record: {} }), "check");
});

Deno.test("an intent is followed by the request, under the intent's own name, with the mark", () => {
  const registrationIntent = { name: "begun", since: "2026-01-01T00:00:00Z", ...place(A) };
  const decision = decided({ record: { registrationIntent }, secret: { state: "missing" } });
  assert.deepEqual(decision, { do: "create", face: newFace(wanted(A), "begun", UID) });
});

Deno.test("an intent that was carried out is known by its mark, or by its token in the Secret", () => {
  const registrationIntent = { name: own.name, since: "2026-01-01T00:00:00Z", ...place(A) };
  const record = { registrationIntent };
  const marked = liveProxy({ icon_url: newFace(wanted(A), own.name, UID).icon });
  const completed = { do: "save", record: registered };
  const missing = { state: "missing" } as const;
  assert.deepEqual(decided({ record, secret: missing, proxies: [marked] }), completed);
  assert.deepEqual(decided({ record, proxies: [own] }), completed);
  assert.deepEqual(decided({ record, secret: missing, proxies: [own] }), { do: "save", record: {} });
});

Deno.test("a token in the Secret proves a proxy of the same name, of the Go operator, or with our mark", () => {
  const record = {};
  assert.equal(brief({ record }), "save");
  const renamed = liveProxy({ name: "rome" });
  const taken = decided({ record, proxies: [renamed] });
  assert.deepEqual(taken, {
    do: "save",
    record: { registrationIntent: { name: "paris", since: "2026-01-01T00:00:00Z", ...place(A) } },
  });
  const goes = decided({ record: { registered: true }, proxies: [renamed] });
  assert.deepEqual(goes, {
    do: "save",
    record: { registered: true, registration: { ...registration, name: "rome" } },
  });
  const marked = liveProxy({ name: "rome", icon_url: `/a.png#coder-k8s-${UID}` });
  assert.equal(brief({ record, proxies: [marked] }), "save");
});

Deno.test("somebody else's proxy is taken with the user's word alone", () => {
  const facts = { record: {}, secret: { state: "missing" } } as const;
  assert.equal(brief(facts), "refuse NameTaken");
  assert.equal(brief({ ...facts, wanted: wanted(A, { adopt: true }) }), "save");
  assert.equal(brief({ ...facts, record: { registered: true } }), "save");
  const other = { state: "held", token: `${primary.id}:x` } as const;
  assert.equal(
    brief({ record: { registered: true }, secret: other, proxies: [own], verdict: "refused" }),
    "refuse NameTaken",
  );
});

Deno.test("where nothing is wanted, the record is emptied, and an empty one rests", () => {
  assert.deepEqual(decided({ wanted: undefined, record: {} }), { do: "rest", proxy: undefined });
  assert.deepEqual(decided({ wanted: undefined }), { do: "save", record: {} });
  const unused = decided({ wanted: undefined, secret: { state: "missing" } });
  assert.deepEqual(unused, {
    do: "save",
    record: { formerRegistrations: [{ ...registration, since: "2026-01-01T00:00:00Z" }] },
  });
  const former = { formerRegistrations: [{ name: "old", since: "2026-01-01T00:00:00Z", ...place(A) }] };
  assert.deepEqual(decided({ wanted: undefined, record: former }), { do: "rest", proxy: undefined });
});
