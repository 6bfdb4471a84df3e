import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { fakeLicense, type Fault, refuse } from "../../../../tests/fake-coder/mod.ts";
import {
  accessStep,
  startVisitRig,
  type VisitRig,
  type VisitRigOptions,
} from "../../../../tests/controlplane/visit_rig.ts";
import { KubeApiError } from "../../../kube/errors.ts";
import { licenseStep } from "./license_step.ts";
import { reachStep } from "../reach_step.ts";
import type { VisitStep } from "../visit.ts";

const ROUTE = "/api/v2/licenses";
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function start(options: VisitRigOptions = {}): Promise<VisitRig> {
  return startVisitRig({ spec: { licenseSecretRef: { name: "license" } }, ...options });
}
const steps = (rig: VisitRig): VisitStep[] => [reachStep(), accessStep(rig), licenseStep()];
const posts = (rig: VisitRig) => rig.fake.count({ method: "POST", route: ROUTE });
const gets = (rig: VisitRig) => rig.fake.count({ method: "GET", route: ROUTE });
const jtis = (rig: VisitRig) => rig.fake.state.licenses.map(({ uuid }) => uuid);
const hashOf = (license: string) => createHash("sha256").update(license).digest("hex");
const state = (rig: VisitRig) => rig.condition("LicenseApplied");
/** A licence and its identity. */
function license(words: Parameters<typeof fakeLicense>[0] = {}): { jti: string; text: string } {
  const jti = randomUUID();
  return { jti, text: fakeLicense({ jti, ...words }) };
}

Deno.test("the licence is applied once, and looked after with six requests an hour", async () => {
  await using rig = await start();
  const { jti, text } = license();
  rig.secret("license", { license: `\n ${text} \n` });
  const all = steps(rig);
  await rig.visit(all);
  assert.equal(state(rig), "True/Applied");
  assert.deepEqual(jtis(rig), [jti]);
  assert.equal(rig.status.licenseLastAppliedHash, hashOf(text));
  assert.equal(rig.status.licenseLastApplied, "2026-01-01T00:00:00Z");
  assert.deepEqual(rig.status.appliedLicenses, [jti]);
  await rig.run(all, 2 * HOUR);
  assert.equal(posts(rig), 1);
  assert.ok(gets(rig) >= 10 && gets(rig) <= 15, `${gets(rig)}`);
  assert.equal(rig.writes, 1);
  assert.deepEqual(rig.events.map((event) => event.split(":")[0]), ["Normal LicenseUploaded"]);
});

Deno.test("after a restart of the operator the licence is found, not applied again", async () => {
  await using rig = await start();
  rig.secret("license", { license: license().text });
  await rig.visit(steps(rig));
  const before = rig.status;
  rig.advance(HOUR);
  await rig.visit(steps(rig));
  assert.equal(posts(rig), 1);
  assert.deepEqual(rig.status, before);
});

Deno.test("another licence in the Secret is applied at once, and what it replaces is removed after it", async () => {
  await using rig = await start();
  const [first, second] = [license(), license({ feature_set: "premium" })];
  rig.secret("license", { license: first.text });
  const all = steps(rig);
  await rig.visit(all);
  rig.secret("license", { license: second.text });
  rig.advance(1_000);
  await rig.visit(all);
  assert.equal(state(rig), "True/Applied");
  assert.deepEqual(jtis(rig), [second.jti]);
  assert.deepEqual(rig.status.appliedLicenses, [second.jti]);
  assert.equal(rig.status.licenseLastAppliedHash, hashOf(second.text));
  assert.equal(rig.status.licenseLastApplied, "2026-01-01T00:00:01Z");
  const writes = rig.fake.requests.filter(({ method }) => method !== "GET").map(({ method }) => method);
  assert.deepEqual(writes, ["POST", "POST", "DELETE"], "never without a licence");
  assert.match(rig.events.at(-1) ?? "", /LicenseRemoved: .*replaces it/);
});

Deno.test("what an earlier process applied is removed by the one that applies its successor", async () => {
  await using rig = await start();
  const [first, second] = [license(), license()];
  rig.secret("license", { license: first.text });
  await rig.visit(steps(rig));
  rig.secret("license", { license: second.text });
  await rig.visit(steps(rig));
  assert.deepEqual(jtis(rig), [second.jti]);
});

Deno.test("another licence that is there does not count as ours, and is never removed", async () => {
  await using rig = await start();
  const theirs = license();
  rig.fake.state.licenses.push({
    id: 900,
    uuid: theirs.jti,
    uploaded_at: "2025-01-01T00:00:00Z",
    claims: JSON.parse(atob(theirs.text.split(".")[1]?.replaceAll("-", "+").replaceAll("_", "/") ?? "")),
    jwt: theirs.text,
  });
  const [first, second] = [license(), license()];
  const all = steps(rig);
  rig.secret("license", { license: first.text });
  await rig.visit(all);
  assert.deepEqual(jtis(rig), [theirs.jti, first.jti]);
  rig.secret("license", { license: second.text });
  await rig.visit(all);
  assert.deepEqual(jtis(rig), [theirs.jti, second.jti]);
  // The Secret names theirs for a while: it is in already, and does not become ours by that.
  rig.secret("license", { license: theirs.text });
  await rig.visit(all);
  assert.deepEqual(jtis(rig), [theirs.jti]);
  assert.equal(state(rig), "True/Applied");
  assert.equal(rig.status.appliedLicenses, undefined);
  rig.secret("license", { license: first.text });
  await rig.visit(steps(rig));
  assert.deepEqual(jtis(rig), [theirs.jti, first.jti]);
});

Deno.test("the Go operator's licence is ours where its status and Coder agree on when it came", async () => {
  for (const [apart, ours] of [[2_000, true], [3_600_000, false]] as const) {
    const [first, second] = [license(), license()];
    await using rig = await start();
    const uploaded = Date.parse("2025-06-01T00:00:00Z");
    const claims = JSON.parse(
      new TextDecoder().decode(
        Uint8Array.fromBase64(first.text.split(".")[1] ?? "", { alphabet: "base64url" }),
      ),
    );
    const uploaded_at = new Date(uploaded).toISOString();
    rig.fake.state.licenses.push({ id: 900, uuid: first.jti, uploaded_at, claims, jwt: first.text });
    rig.status = {
      licenseLastApplied: new Date(uploaded + apart).toISOString(),
      licenseLastAppliedHash: hashOf(first.text),
    };
    rig.secret("license", { license: first.text });
    const all = steps(rig);
    await rig.visit(all);
    assert.equal(state(rig), "True/Applied");
    assert.equal(posts(rig), 0);
    rig.secret("license", { license: second.text });
    await rig.visit(all);
    assert.deepEqual(jtis(rig), ours ? [second.jti] : [first.jti, second.jti]);
  }
});

Deno.test("a licence that somebody removed in Coder comes back", async () => {
  await using rig = await start();
  const { jti, text } = license();
  rig.secret("license", { license: text });
  const all = steps(rig);
  await rig.visit(all);
  rig.fake.state.licenses.length = 0;
  await rig.run(all, 20 * MINUTE);
  assert.deepEqual(jtis(rig), [jti]);
});

Deno.test("another text under the same identity is another licence", async () => {
  await using rig = await start();
  const jti = randomUUID();
  const all = steps(rig);
  rig.secret("license", { license: fakeLicense({ jti, license_expires: 2_000_000_000 }) });
  await rig.visit(all);
  rig.secret("license", { license: fakeLicense({ jti, license_expires: 2_100_000_000 }) });
  await rig.visit(all);
  assert.deepEqual(rig.fake.state.licenses.map(({ id }) => id), [2]);
  assert.deepEqual(rig.status.appliedLicenses, [jti]);
});

for (
  const [what, text, words] of [
    ["text that is no licence", "no-licence-at-all", /Invalid license/],
    ["an expired licence", fakeLicense({ license_expires: 1_000_000 }), /expired/],
    [
      "a licence for another deployment",
      fakeLicense({ deployment_ids: ["other"] }),
      /cannot be used on this deployment/,
    ],
  ] as const
) {
  Deno.test(`${what} is sent once, and again only when the Secret holds another`, async () => {
    await using rig = await start();
    rig.secret("license", { license: text });
    const all = steps(rig);
    await rig.run(all, 6 * HOUR);
    assert.equal(posts(rig), 1);
    assert.equal(state(rig), "False/Error");
    assert.match(rig.message("LicenseApplied"), words);
    assert.equal(rig.writes, 1);
    rig.secret("license", { license: text, note: "touched" });
    await rig.visit(all);
    assert.equal(posts(rig), 1, "a new version of the same licence is the same");
    rig.secret("license", { license: license().text });
    const said = await rig.visit(all);
    assert.equal(state(rig), "True/Applied");
    assert.deepEqual(said.troubles, []);
  });
}

Deno.test("a licence that is refused leaves the one before in place", async () => {
  await using rig = await start();
  const first = license();
  const all = steps(rig);
  rig.secret("license", { license: first.text });
  await rig.visit(all);
  rig.secret("license", { license: "oops" });
  const said = await rig.visit(all);
  assert.deepEqual(jtis(rig), [first.jti]);
  assert.equal(said.troubles[0]?.reason, "LicenseNotApplied");
  assert.equal(rig.status.licenseLastAppliedHash, hashOf(first.text));
  rig.secret("license", { license: first.text });
  await rig.visit(all);
  assert.equal(state(rig), "True/Applied");
  assert.equal(posts(rig), 2);
});

Deno.test("another version of Coder gets a refused licence once more", async () => {
  await using rig = await start();
  rig.secret("license", { license: "oops" });
  const all = steps(rig);
  await rig.visit(all);
  rig.fake.settings.version = "v2.30.1";
  rig.pods = "2";
  await rig.run(all, HOUR);
  assert.equal(posts(rig), 2);
});

Deno.test("a build without licences says so, is sent nothing, and is asked six times an hour", async () => {
  await using rig = await start({ edition: "agpl" });
  rig.secret("license", { license: license().text });
  const all = steps(rig);
  await rig.run(all, 2 * HOUR);
  assert.equal(state(rig), "False/NotSupported");
  assert.match(rig.message("LicenseApplied"), /AGPL.*remove spec\.licenseSecretRef/);
  assert.equal(posts(rig), 0);
  assert.ok(rig.fake.count({ route: ROUTE }) <= 15);
  assert.equal(rig.writes, 1);
  rig.fake.settings.edition = "enterprise";
  await rig.run(all, 15 * MINUTE);
  assert.equal(state(rig), "True/Applied");
});

Deno.test("a missing, incomplete or empty Secret is told, and costs Coder nothing", async () => {
  await using rig = await start();
  const all = steps(rig);
  const said = await rig.visit(all);
  assert.equal(state(rig), "False/SecretMissing");
  assert.match(rig.message("LicenseApplied"), /Secret a\/license does not exist; create it with key license/);
  assert.equal(said.troubles[0]?.reason, "LicenseNotApplied");
  rig.secret("license", { other: "x" });
  await rig.visit(all);
  assert.match(rig.message("LicenseApplied"), /has no key license/);
  rig.secret("license", { license: " \n" });
  await rig.visit(all);
  assert.equal(state(rig), "False/SecretMissing");
  assert.equal(rig.fake.count({ route: ROUTE }), 0);
  rig.spec = { licenseSecretRef: { name: "license", key: "jwt" } };
  rig.secret("license", { jwt: license().text });
  await rig.visit(all);
  assert.equal(state(rig), "True/Applied");
});

Deno.test("a Secret that cannot be read is an error of its own, tried again", async () => {
  await using rig = await start();
  rig.secretsRefuse = new KubeApiError(403, "Forbidden", "no", { method: "GET", path: "/" });
  rig.secret("license", { license: license().text });
  const all = steps(rig);
  await rig.visit(all);
  assert.equal(state(rig), "False/Error");
  rig.secretsRefuse = undefined;
  await rig.run(all, MINUTE);
  assert.equal(state(rig), "True/Applied");
});

Deno.test("the licence waits for a pod, for Coder and for the operator's access, and says for which", async () => {
  await using rig = await start();
  rig.secret("license", { license: license().text });
  const all = steps(rig);
  const { token } = rig;
  rig.ready = false;
  rig.token = undefined;
  await rig.visit(all);
  assert.equal(state(rig), "False/Pending");
  assert.match(rig.message("LicenseApplied"), /a pod of Coder is ready/);
  rig.ready = true;
  await rig.visit(all);
  assert.match(rig.message("LicenseApplied"), /condition OperatorAccess/);
  await rig.fake.stop();
  rig.pods = "2";
  await rig.visit(all);
  assert.match(rig.message("LicenseApplied"), /once Coder answers/);
  await rig.fake.start();
  rig.token = token;
  await rig.run(all, MINUTE);
  assert.equal(state(rig), "True/Applied");
});

Deno.test("an outage of Coder takes nothing back, also over a restart of the operator", async () => {
  await using rig = await start();
  rig.secret("license", { license: license().text });
  const all = steps(rig);
  await rig.visit(all);
  const before = state(rig);
  await rig.fake.stop();
  for (const process of [all, steps(rig)]) {
    rig.pods += "x";
    await rig.run(process, HOUR);
    assert.equal(state(rig), before);
    assert.ok(rig.status.licenseLastAppliedHash);
  }
  await rig.fake.start();
  await rig.run(all, HOUR);
  assert.equal(posts(rig), 1);
});

for (
  const [what, fault, reason] of [
    [
      "401",
      { do: "answer", reply: refuse(401, "You are signed out.", { detail: "API key is invalid." }) },
      "Forbidden",
    ],
    ["403", { do: "answer", reply: refuse(403, "Forbidden.") }, "Forbidden"],
    ["404", { do: "answer", reply: refuse(404, "Route not found.") }, "NotSupported"],
    ["500", { do: "answer", reply: refuse(500, "Internal error.") }, "Error"],
    ["a broken connection", { do: "dropRequest" }, "Error"],
    ["an answer that is none", { do: "body", body: `{"licences":7}` }, "Error"],
  ] as [string, Fault["action"], string][]
) {
  for (const method of ["GET", "POST"]) {
    Deno.test(`${what} to a ${method} of licences is ${reason}, and passes when it passes`, async () => {
      await using rig = await start();
      rig.secret("license", { license: license().text });
      // Twice: a read is sent again where its connection broke.
      const remove = rig.fake.faults.add({ method, route: ROUTE, times: Infinity, action: fault });
      const all = steps(rig);
      await rig.visit(all);
      assert.equal(state(rig), `False/${reason}`, rig.message("LicenseApplied"));
      await rig.run(all, 10 * MINUTE);
      const most = reason === "Error" && what !== "an answer that is none" ? 14 : 6;
      assert.ok(
        rig.fake.count({ route: ROUTE, method }) <= most,
        `${rig.fake.count({ route: ROUTE, method })}`,
      );
      remove();
      rig.token = rig.fake.state.addToken(rig.fake.state.addUser({ username: "next", is_system: true }));
      if (what === "404" && method === "POST") rig.secret("license", { license: license().text });
      await rig.run(all, 12 * MINUTE);
      assert.equal(state(rig), "True/Applied");
      assert.equal(rig.fake.state.licenses.length, 1);
    });
  }
}

Deno.test("a 401 while Coder's database is away is an error that passes, and takes nothing back", async () => {
  await using rig = await start();
  rig.secret("license", { license: license().text });
  rig.fake.settings.databaseAway = true;
  const all = steps(rig);
  const said = await rig.visit(all);
  assert.equal(state(rig), "False/Error");
  assert.match(rig.message("LicenseApplied"), /check PostgreSQL/);
  assert.deepEqual(said.troubles, []);
  rig.fake.settings.databaseAway = false;
  await rig.run(all, MINUTE);
  assert.equal(state(rig), "True/Applied");
  rig.fake.settings.databaseAway = true;
  rig.secret("license", { license: rig.fake.state.licenses[0]?.jwt ?? "" });
  await rig.visit(all);
  assert.equal(state(rig), "True/Applied");
});

for (const action of ["loseAnswer", "truncate"] as const) {
  Deno.test(`an upload without an answer (${action}) is looked for before it is sent again`, async () => {
    await using rig = await start();
    const [first, second] = [license(), license()];
    rig.secret("license", { license: first.text });
    rig.fake.faults.add({ method: "POST", route: ROUTE, action: { do: action } });
    const all = steps(rig);
    await rig.visit(all);
    assert.equal(state(rig), "False/Error");
    await rig.run(all, 10 * MINUTE);
    assert.equal(state(rig), "True/Applied");
    assert.equal(posts(rig), 1);
    rig.secret("license", { license: second.text });
    await rig.visit(all);
    assert.deepEqual(jtis(rig), [second.jti], "it was ours");
  });
}

Deno.test("a licence that Coder stored and did not read counts when it is listed", async () => {
  await using rig = await start();
  const { text } = license();
  rig.secret("license", { license: text });
  const all = steps(rig);
  rig.fake.faults.add({
    method: "GET",
    route: ROUTE,
    action: { do: "answer", reply: { status: 200, json: null } },
  });
  // Coder has it, lists nothing the first time, and says so when it comes again.
  rig.fake.state.licenses.push({
    id: 5,
    uuid: randomUUID(),
    uploaded_at: "2025-01-01T00:00:00Z",
    claims: {},
    jwt: text,
  });
  await rig.visit(all);
  assert.equal(state(rig), "True/Applied");
  assert.equal(rig.status.licenseLastAppliedHash, hashOf(text));
  assert.equal(rig.status.appliedLicenses, undefined, "not ours");
});

Deno.test("a 429 is waited for as long as Coder says, with one request", async () => {
  await using rig = await start();
  rig.secret("license", { license: license().text });
  rig.fake.faults.rateLimit(60, { route: ROUTE });
  const all = steps(rig);
  await rig.run(all, MINUTE);
  assert.equal(rig.fake.count({ route: ROUTE }), 1);
  assert.equal(state(rig), "False/Error");
  assert.equal(rig.writes, 1, "the time to wait is not in the message");
  rig.fake.faults.clear();
  await rig.run(all, MINUTE);
  assert.equal(state(rig), "True/Applied");
});

Deno.test("what could not be removed is said, and tried again", async () => {
  await using rig = await start();
  const [first, second] = [license(), license()];
  rig.secret("license", { license: first.text });
  const all = steps(rig);
  await rig.visit(all);
  rig.secret("license", { license: second.text });
  rig.fake.faults.add({ method: "DELETE", action: { do: "answer", reply: refuse(500, "Internal error.") } });
  await rig.visit(all);
  assert.equal(state(rig), "True/Applied");
  assert.match(rig.message("LicenseApplied"), new RegExp(`${first.jti}.*could not be removed yet`));
  assert.deepEqual(rig.status.appliedLicenses, [first.jti, second.jti]);
  await rig.run(all, 2 * MINUTE);
  assert.deepEqual(jtis(rig), [second.jti]);
  assert.doesNotMatch(rig.message("LicenseApplied"), /could not/);
  assert.deepEqual(rig.status.appliedLicenses, [second.jti]);
});

Deno.test("without a reference nothing is asked, and what was applied stays", async () => {
  await using rig = await start({ spec: {} });
  const all = steps(rig);
  await rig.visit(all);
  assert.equal(state(rig), "Unknown/Pending");
  assert.doesNotMatch(rig.message("LicenseApplied"), /stays/);
  rig.spec = { licenseSecretRef: { name: "license" } };
  rig.secret("license", { license: license().text });
  await rig.visit(all);
  rig.spec = {};
  await rig.visit(all);
  assert.equal(state(rig), "Unknown/Pending");
  assert.match(rig.message("LicenseApplied"), /applied earlier stays in Coder/);
  assert.equal(rig.fake.state.licenses.length, 1);
  assert.ok(rig.status.licenseLastAppliedHash);
});

Deno.test("a control plane that comes later under the same name starts anew", async () => {
  await using rig = await start();
  rig.secret("license", { license: license().text });
  const all = steps(rig);
  await rig.visit(all);
  for (const step of all) step.forget?.(rig.uid);
  rig.status = {};
  await rig.visit(all);
  assert.equal(rig.status.appliedLicenses, undefined, "whose it is was in the status that is gone");
  assert.equal(gets(rig), 2);
});

Deno.test("the licence is in no line, event, message or metric", async () => {
  await using rig = await start();
  const { text } = license();
  rig.secret("license", { license: text });
  rig.fake.faults.add({
    method: "POST",
    action: { do: "answer", reply: refuse(500, `cannot store ${text}`) },
  });
  const all = steps(rig);
  await rig.run(all, 10 * MINUTE);
  const shown = [...rig.lines, ...rig.events, JSON.stringify(rig.status), await rig.metrics.text()].join(
    "\n",
  );
  assert.ok(!shown.includes(text) && !shown.includes(text.split(".")[1] ?? ""));
});
