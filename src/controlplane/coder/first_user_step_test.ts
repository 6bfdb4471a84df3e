import assert from "node:assert/strict";
import { refuse } from "../../../tests/fake-coder/mod.ts";
import { startVisitRig, type VisitRig, type VisitRigOptions } from "../../../tests/controlplane/visit_rig.ts";
import { realUsers } from "../../../tests/fake-coder/routes/users.ts";
import { firstUserStep } from "./first_user_step.ts";
import { reachStep } from "./reach_step.ts";
import type { VisitStep } from "./visit.ts";

const PASSWORD = "Correct-Horse-7";
const USER = { username: "ada", email: "ada@example.com", password: PASSWORD, name: "Ada L." };
const ROUTE = "/api/v2/users/first";

function start(options: VisitRigOptions = {}): Promise<VisitRig> {
  return startVisitRig({ spec: { firstUser: { secretName: "owner" } }, ...options });
}
const steps = (): VisitStep[] => [reachStep(), firstUserStep()];
const posts = (rig: VisitRig) => rig.fake.count({ method: "POST", route: ROUTE });
const gets = (rig: VisitRig) => rig.fake.count({ method: "GET", route: ROUTE });

Deno.test("an empty deployment gets its first owner from the Secret, once", async () => {
  await using rig = await start();
  rig.secret("owner", { ...USER, password: ` ${PASSWORD}\n` });
  const all = steps();
  await rig.visit(all);
  assert.equal(rig.condition("FirstUser"), "True/Created");
  assert.match(rig.message("FirstUser"), /first owner, ada$/);
  const [made] = realUsers(rig.fake.state);
  assert.deepEqual(
    { username: made?.username, email: made?.email, name: made?.name, password: made?.password },
    USER,
  );
  await rig.run(all, 3_600_000);
  assert.deepEqual([posts(rig), gets(rig), rig.writes], [1, 1, 1]);
});

Deno.test("the keys may have other names, and a full name is not needed", async () => {
  await using rig = await start({
    spec: {
      firstUser: { secretName: "owner", usernameKey: "u", emailKey: "e", passwordKey: "p", nameKey: "n" },
    },
  });
  rig.secret("owner", { u: "bob", e: "bob@example.com", p: PASSWORD, password: "another" });
  await rig.visit(steps());
  const [made] = realUsers(rig.fake.state);
  assert.deepEqual([made?.username, made?.name, made?.password], ["bob", "", PASSWORD]);
});

Deno.test("a deployment with users is never touched, and asked but once", async () => {
  await using rig = await start();
  rig.fake.state.addUser({ username: "somebody" });
  rig.secret("owner", USER);
  const all = steps();
  await rig.run(all, 3_600_000);
  rig.secret("owner", { ...USER, username: "eve" });
  rig.pods = "2";
  await rig.visit(all);
  assert.equal(rig.condition("FirstUser"), "True/Exists");
  assert.deepEqual([posts(rig), gets(rig), rig.secretReads], [0, 1, 0]);
});

Deno.test("after a restart of the operator what it did stays told", async () => {
  await using rig = await start();
  rig.secret("owner", USER);
  await rig.visit(steps());
  const before = rig.status;
  await rig.visit(steps());
  assert.equal(posts(rig), 1);
  assert.deepEqual(rig.status, before);
});

Deno.test("while Coder does not answer the first user waits", async () => {
  await using rig = await start();
  rig.secret("owner", USER);
  rig.ready = false;
  const all = steps();
  await rig.visit(all);
  assert.equal(rig.condition("FirstUser"), "False/Pending");
  rig.ready = true;
  await rig.visit(all);
  assert.equal(rig.condition("FirstUser"), "True/Created");
});

Deno.test("a Secret that is missing or incomplete is named with what it lacks, and its change is enough", async () => {
  await using rig = await start();
  const all = steps();
  const said = await rig.visit(all);
  assert.equal(rig.condition("FirstUser"), "False/SecretMissing");
  assert.match(
    rig.message("FirstUser"),
    /Secret a\/owner does not exist; create it with keys username, email, password/,
  );
  assert.equal(said.troubles[0]?.reason, "FirstUserNotCreated");
  rig.secret("owner", { username: "ada", password: PASSWORD });
  await rig.visit(all);
  assert.match(rig.message("FirstUser"), /has no key email; add it/);
  rig.secret("owner", { ...USER, password: "  " });
  await rig.visit(all);
  assert.match(rig.message("FirstUser"), /has nothing at key password; fill it/);
  assert.equal(posts(rig), 0);
  rig.secret("owner", USER);
  const done = await rig.visit(all);
  assert.equal(rig.condition("FirstUser"), "True/Created");
  assert.deepEqual(done.troubles, []);
});

Deno.test("a weak password is told in Coder's words, without it, and sent once", async () => {
  await using rig = await start();
  const weak = "Zq7weak";
  rig.secret("owner", { ...USER, password: weak });
  const all = steps();
  await rig.run(all, 3_600_000);
  assert.equal(rig.condition("FirstUser"), "False/Refused");
  assert.match(
    rig.message("FirstUser"),
    /Coder says: Password is invalid \(password - insecure password, try using a longer password\)$/,
  );
  assert.ok(!rig.message("FirstUser").includes(weak));
  assert.equal(posts(rig), 1);
  rig.secret("owner", { ...USER, password: weak });
  await rig.visit(all);
  assert.equal(posts(rig), 1, "a Secret that was written anew and says the same is the same");
  rig.secret("owner", USER);
  await rig.visit(all);
  assert.equal(rig.condition("FirstUser"), "True/Created");
});

Deno.test("a user that somebody made by hand after a refusal ends the matter", async () => {
  await using rig = await start();
  rig.secret("owner", { ...USER, password: "Zq7weak" });
  const all = steps();
  await rig.visit(all);
  rig.fake.state.addUser({ username: "somebody" });
  await rig.run(all, 900_000);
  assert.equal(rig.condition("FirstUser"), "True/Exists");
});

for (
  const [what, reply] of [
    ["409", refuse(409, "The initial user has already been created.")],
    [
      "a violated constraint",
      refuse(500, "Internal error creating user.", {
        detail: `pq: duplicate key value violates unique constraint "idx_users_email"`,
      }),
    ],
  ] as const
) {
  Deno.test(`of two operators that race, the one that gets ${what} looks again`, async () => {
    await using rig = await start();
    rig.secret("owner", USER);
    rig.fake.faults.add({ method: "POST", route: ROUTE, action: { do: "answer", reply } });
    // The other one's user is there by the time of the second look.
    rig.fake.faults.add({
      method: "GET",
      route: ROUTE,
      skip: 1,
      action: { do: "answer", reply: { status: 200, json: { message: "exists" } } },
    });
    await rig.visit(steps());
    assert.equal(rig.condition("FirstUser"), "True/Exists");
    assert.deepEqual([posts(rig), gets(rig)], [1, 2]);
  });
}

Deno.test("a lost answer is looked at again before anything is sent twice", async () => {
  await using rig = await start();
  rig.secret("owner", USER);
  rig.fake.faults.add({ method: "POST", route: ROUTE, action: { do: "loseAnswer" } });
  const all = steps();
  await rig.visit(all);
  assert.equal(rig.condition("FirstUser"), "False/CoderUnavailable");
  rig.advance(rig.lookAgainMs);
  await rig.visit(all);
  assert.equal(rig.condition("FirstUser"), "True/Exists");
  assert.equal(posts(rig), 1);
});

Deno.test("whether there are users is not known while the database is away", async () => {
  await using rig = await start();
  rig.secret("owner", USER);
  rig.fake.settings.databaseAway = true;
  const all = steps();
  const said = await rig.visit(all);
  assert.match(rig.condition("FirstUser"), /^False\/Coder/);
  assert.deepEqual(said.troubles, []);
  assert.equal(posts(rig), 0);
  rig.fake.settings.databaseAway = false;
  await rig.run(all, 60_000);
  assert.equal(rig.condition("FirstUser"), "True/Created");
});

Deno.test("an answer that cannot be used is trouble", async () => {
  await using rig = await start();
  rig.secret("owner", USER);
  rig.fake.faults.add({ method: "POST", route: ROUTE, action: { do: "body", body: "{}" } });
  const said = await rig.visit(steps());
  assert.equal(rig.condition("FirstUser"), "False/BadResponse");
  assert.equal(said.troubles[0]?.reason, "FirstUserNotCreated");
});

Deno.test("without spec.firstUser nothing is said or asked, and what was said goes", async () => {
  await using rig = await start();
  rig.fake.state.addUser({ username: "somebody" });
  const all = steps();
  await rig.visit(all);
  assert.equal(rig.condition("FirstUser"), "True/Exists");
  rig.spec = {};
  await rig.visit(all);
  assert.equal(rig.condition("FirstUser"), "absent");
  assert.equal(gets(rig), 1);
});

Deno.test("a control plane that comes later under the same name starts anew", async () => {
  await using rig = await start();
  rig.fake.state.addUser({ username: "somebody" });
  const all = steps();
  await rig.visit(all);
  for (const step of all) step.forget?.(rig.uid);
  await rig.visit(all);
  assert.equal(gets(rig), 2);
});
