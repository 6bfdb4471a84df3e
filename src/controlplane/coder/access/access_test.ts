import assert from "node:assert/strict";
import {
  asked,
  assertNoSecrets,
  DAY,
  FIRST,
  LIST,
  MINUTE,
  SECOND,
  startAccessRig,
  TOKEN_SECRET,
  WITH_DATABASE,
} from "../../../../tests/controlplane/access_rig.ts";
import { htmlPage, tooManyRequests } from "../../../../tests/fake-coder/mod.ts";
import { DatabaseError } from "../../../coder/database/mod.ts";
import { KubeApiError } from "../../../kube/errors.ts";
import { OPERATOR_USER } from "./access_identity.ts";

const unreachable = () => new DatabaseError("PostgreSQL at db:5432 is not reached", "unreachable");

Deno.test("where there is no token, one is made in PostgreSQL, and Coder accepts it", async () => {
  await using rig = await startAccessRig();
  await rig.look();
  assert.deepEqual(rig.tokens, [FIRST]);
  assert.equal(rig.status.operatorAccessReady, true);
  assert.deepEqual(rig.status.operatorTokenSecretRef, { name: TOKEN_SECRET, key: "token" });
  assert.equal(rig.status.operatorTokenName, FIRST);
  assert.equal(rig.seen, rig.stored());
  assert.equal(rig.condition("OperatorAccess"), "True/TokenStored");
  // The changed Secret causes the next visit.
  await rig.look();
  assert.equal(rig.condition("OperatorAccess"), "True/TokenValid");
  assert.deepEqual(rig.database.calls, ["ensure"]);
  assert.deepEqual(rig.events.map((each) => each.replace(/:.*/, "")), [
    "Normal OperatorTokenCreated",
    "Normal Created",
  ]);
  assertNoSecrets(rig);
});

Deno.test("the name of a database is looked up where Coder's pods would find it", async () => {
  await using rig = await startAccessRig();
  await rig.look();
  assert.deepEqual(rig.database.addresses, [{
    url: WITH_DATABASE.extraEnv[0]?.value,
    searchDomains: ["a.svc.cluster.local", "svc.cluster.local", "cluster.local"],
  }]);
});

Deno.test("before a pod is available nobody is asked for anything", async () => {
  await using rig = await startAccessRig();
  rig.ready = false;
  await rig.look();
  assert.equal(rig.condition("OperatorAccess"), "False/WaitingForCoder");
  assert.deepEqual(rig.database.calls, []);
  assert.equal(rig.fake.requests.length, 0);
  rig.ready = true;
  await rig.look();
  assert.equal(rig.status.operatorAccessReady, true);
});

Deno.test("at rest Coder gets one request in five minutes, PostgreSQL none, and nothing is written", async () => {
  await using rig = await startAccessRig();
  await rig.run(rig.steps, MINUTE);
  const [writes, requests, calls] = [rig.writes, asked(rig), rig.database.calls.length];
  await rig.run(rig.steps, 3 * 60 * MINUTE);
  assert.equal(rig.writes, writes);
  assert.equal(rig.database.calls.length, calls);
  const more = asked(rig) - requests;
  assert.ok(more >= 30 && more <= 42, `${more} requests in three hours`);
});

Deno.test("a valid token of the Go operator is reused: nothing is made, rotated or written", async () => {
  await using rig = await startAccessRig();
  const token = rig.takenOver();
  await rig.look();
  assert.equal(rig.condition("OperatorAccess"), "True/TokenValid");
  assert.equal(rig.stored(), token);
  assert.equal(rig.seen, token);
  assert.deepEqual(rig.tokens, [FIRST]);
  assert.deepEqual(rig.database.calls, []);
  assert.deepEqual(rig.secretWrites, []);
  assert.equal(rig.status.operatorTokenName, FIRST);
});

Deno.test("a restarted operator reuses what it made", async () => {
  await using rig = await startAccessRig();
  await rig.look();
  await rig.look();
  const [token, writes] = [rig.stored(), rig.writes];
  await rig.visit(rig.restarted);
  assert.equal(rig.stored(), token);
  assert.equal(rig.writes, writes);
  assert.deepEqual(rig.database.calls, ["ensure"]);
});

Deno.test("Coder without its database refuses every token, and none is replaced", async () => {
  await using rig = await startAccessRig();
  const token = rig.takenOver();
  rig.fake.settings.databaseAway = true;
  rig.database.fails = unreachable();
  const restarted = rig.restarted;
  for (let i = 0; i < 5; i++) {
    await rig.visit(restarted);
    rig.advance(rig.lookAgainMs);
  }
  assert.equal(rig.status.operatorAccessReady, true);
  assert.equal(rig.condition("OperatorAccess"), "True/NotConfirmed");
  assert.match(rig.message("OperatorAccess"), /was valid when it was last checked\. Now: .*db:5432/);
  assert.equal(rig.stored(), token);
  rig.fake.settings.databaseAway = false;
  rig.database.fails = undefined;
  await rig.visit(restarted);
  assert.equal(rig.condition("OperatorAccess"), "True/TokenValid");
  assert.deepEqual(rig.tokens, [FIRST]);
});

Deno.test("a token that worked a moment ago costs no database call while Coder's database is away", async () => {
  await using rig = await startAccessRig();
  rig.takenOver();
  await rig.look();
  rig.fake.settings.databaseAway = true;
  rig.advance(6 * MINUTE);
  const said = await rig.visit(rig.steps);
  assert.equal(rig.condition("OperatorAccess"), "True/NotConfirmed");
  assert.deepEqual(said.troubles.map(({ reason }) => reason), ["CoderDatabaseAway"]);
  assert.deepEqual(rig.database.calls, []);
  assert.notEqual(rig.seen, undefined, "later steps may try");
});

Deno.test("a token that Coder refuses in so many words is replaced once PostgreSQL has confirmed it", async () => {
  await using rig = await startAccessRig();
  const token = rig.takenOver();
  await rig.look();
  rig.fake.state.keys.clear();
  rig.advance(6 * MINUTE);
  await rig.look();
  assert.notEqual(rig.stored(), token);
  assert.deepEqual(rig.tokens, [FIRST]);
  assert.equal(rig.status.operatorAccessReady, true);
  await rig.look();
  assert.equal(rig.condition("OperatorAccess"), "True/TokenValid");
});

Deno.test("a refusal that PostgreSQL cannot confirm makes no token, but says that there is none", async () => {
  await using rig = await startAccessRig();
  rig.takenOver();
  rig.fake.state.keys.clear();
  rig.database.fails = unreachable();
  await rig.look();
  assert.equal(rig.condition("OperatorAccess"), "False/DatabaseUnreachable");
  assert.equal(rig.status.operatorAccessReady, undefined);
  assert.equal(rig.status.operatorTokenSecretRef, undefined);
  assert.deepEqual(rig.secretWrites, []);
});

Deno.test("a database that is not Coder's is found out, and no token is made over and over", async () => {
  await using rig = await startAccessRig();
  const token = rig.takenOver();
  rig.fake.faults.add({
    route: LIST,
    action: {
      do: "answer",
      reply: { status: 401, json: { message: "You are signed out.", detail: "API key is invalid." } },
    },
    times: 100,
  });
  await rig.run(rig.steps, 30 * MINUTE);
  assert.equal(rig.condition("OperatorAccess"), "False/DatabaseMismatch");
  assert.equal(rig.stored(), token);
  assert.ok(rig.database.calls.length <= 8, `${rig.database.calls.length} calls`);
  assert.equal(rig.status.operatorAccessReady, undefined);
});

Deno.test("a user that somebody suspended is made active again, with the same token", async () => {
  await using rig = await startAccessRig();
  const token = rig.takenOver();
  rig.database.user()!.status = "suspended";
  await rig.look();
  assert.equal(rig.condition("OperatorAccess"), "True/TokenValid");
  assert.equal(rig.stored(), token);
});

Deno.test("somebody else's token in the Secret is replaced and left alone in Coder", async () => {
  await using rig = await startAccessRig();
  const { token } = rig.fake.state.addOwner("alice");
  rig.tokenSecret(token);
  await rig.look();
  assert.notEqual(rig.stored(), token);
  assert.ok([...rig.fake.state.keys.values()].some((key) => token.startsWith(key.id)));
});

Deno.test("what is no token is sent to nobody", async () => {
  await using rig = await startAccessRig();
  rig.tokenSecret("eyJhbGciOiJSUzI1NiJ9.something.else");
  await rig.look();
  assert.equal(asked(rig), 0);
  assert.match(rig.stored() ?? "", /^[0-9A-Za-z]{10}-[0-9A-Za-z]{22}$/);
});

Deno.test("a Secret that is gone, or empty, gets a new token; the old one goes once nobody can have it", async () => {
  for (const left of [null, ""]) {
    await using rig = await startAccessRig();
    const token = rig.takenOver();
    await rig.look();
    rig.tokenSecret(left);
    await rig.look();
    assert.notEqual(rig.stored(), token);
    assert.deepEqual(rig.tokens, [FIRST, SECOND]);
    await rig.run(rig.steps, 80 * MINUTE);
    assert.deepEqual(rig.tokens, [SECOND]);
    assert.equal(rig.status.operatorTokenName, SECOND);
  }
});

Deno.test("a Secret that is somebody else's is neither read nor written, and says how it can be had", async () => {
  await using rig = await startAccessRig();
  rig.secret(TOKEN_SECRET, { token: "a-service-accounts-token" });
  await rig.run(rig.steps, 60 * MINUTE);
  assert.equal(rig.condition("OperatorAccess"), "False/ForeignSecret");
  assert.match(rig.message("OperatorAccess"), /kubectl annotate secrets coder-operator-token --namespace a/);
  assert.deepEqual(rig.secretWrites, []);
  assert.deepEqual(rig.database.calls, []);
  assert.equal(asked(rig), 0);
  assert.equal(rig.events.length, 1, rig.events.join("\n"));
});

Deno.test("what an earlier control plane of this name left is no token of this one", async () => {
  await using rig = await startAccessRig();
  const old = rig.takenOver();
  rig.status = {};
  rig.tokenSecret(old, { uid: "uid-0" });
  await rig.look();
  assert.notEqual(rig.stored(), old);
  assert.equal(rig.status.operatorAccessReady, true);
});

Deno.test("a foreign Secret that comes up between is not overwritten, and the token made for it goes", async () => {
  await using rig = await startAccessRig();
  rig.writesFail = new KubeApiError(500, "InternalError", "etcd is away", { method: "PATCH", path: "/x" });
  await rig.look();
  assert.equal(rig.condition("OperatorAccess"), "False/KubernetesAPI");
  assert.deepEqual(rig.tokens, [FIRST]);
  rig.writesFail = undefined;
  rig.secret(TOKEN_SECRET, { token: "x" });
  await rig.look();
  assert.equal(rig.condition("OperatorAccess"), "False/ForeignSecret");
  assert.deepEqual(rig.tokens, []);
});

Deno.test("a token that could not be stored is stored later, and no second one is made", async () => {
  await using rig = await startAccessRig();
  rig.writesFail = new KubeApiError(503, "ServiceUnavailable", "away", { method: "PATCH", path: "/x" });
  await rig.look();
  await rig.look();
  rig.writesFail = undefined;
  rig.advance(rig.lookAgainMs);
  await rig.look();
  assert.deepEqual(rig.tokens, [FIRST]);
  assert.deepEqual(rig.database.calls, ["ensure"]);
  assert.equal(rig.seen, rig.stored());
});

Deno.test("a token whose answer was lost is not doubled", async () => {
  await using rig = await startAccessRig();
  rig.database.losesAnswer = true;
  await rig.look();
  assert.equal(rig.condition("OperatorAccess"), "False/DatabaseUnreachable");
  rig.advance(rig.lookAgainMs);
  await rig.look();
  assert.equal(rig.status.operatorAccessReady, true);
  await rig.run(rig.steps, 90 * MINUTE);
  assert.equal(rig.tokens.length, 1);
  assert.equal(rig.tokens[0], rig.status.operatorTokenName);
});

Deno.test("a token is renewed at two thirds of its life, without a gap, and the old one goes later", async () => {
  await using rig = await startAccessRig({
    spec: { ...WITH_DATABASE, operatorAccess: { tokenLifetimeDays: 3 } },
  });
  await rig.run(rig.steps, 1.8 * DAY);
  assert.deepEqual(rig.tokens, [FIRST]);
  const first = rig.stored();
  await rig.run(rig.steps, 0.2 * DAY + 10 * MINUTE);
  assert.notEqual(rig.stored(), first);
  assert.equal(rig.status.operatorTokenName, SECOND);
  assert.ok(rig.database.calls.includes("renew"));
  assert.ok(rig.events.some((each) => each.startsWith("Normal OperatorTokenRenewed")));
  await rig.run(rig.steps, 0.2 * DAY);
  assert.deepEqual(rig.tokens, [SECOND]);
  assert.ok(
    rig.events.some((each) => each.startsWith(`Normal OperatorTokenRevoked: Revoked token ${FIRST}`)),
  );
  assertNoSecrets(rig);
});

Deno.test("while a replica may still use the old token both work, for a day at the longest", async () => {
  await using rig = await startAccessRig();
  const old = rig.takenOver({ created_at: new Date(Date.now() - 300 * DAY).toISOString() });
  await rig.look();
  await rig.look();
  assert.deepEqual(rig.tokens.toSorted(), [FIRST, SECOND]);
  const key = [...rig.fake.state.keys.values()].find(({ id }) => old.startsWith(id))!;
  for (let hour = 0; hour < 23; hour++) {
    key.last_used = rig.fake.state.time();
    await rig.run(rig.steps, 60 * MINUTE);
    assert.deepEqual(rig.tokens.toSorted(), [FIRST, SECOND], `hour ${hour}`);
  }
  await rig.run(rig.steps, 120 * MINUTE);
  assert.deepEqual(rig.tokens, [SECOND]);
});

Deno.test("a year's token of the Go operator is renewed at two thirds of its own life", async () => {
  await using rig = await startAccessRig();
  const token = rig.takenOver({ created_at: new Date(Date.now() - 220 * DAY).toISOString() });
  await rig.look();
  assert.equal(rig.stored(), token);
  rig.advance(25 * DAY);
  await rig.look();
  assert.notEqual(rig.stored(), token);
});

Deno.test("an operator that ended half way through a renewal finishes it", async () => {
  await using rig = await startAccessRig();
  const old = rig.takenOver({ created_at: new Date(Date.now() - 300 * DAY).toISOString() });
  // The successor was made, and the process ended before it wrote the Secret.
  rig.fake.state.addToken(rig.database.user()!, { token_name: SECOND, lifetime_seconds: 30 * 86_400 });
  await rig.visit(rig.restarted);
  assert.notEqual(rig.stored(), old);
  assert.equal(rig.tokens.length, 2);
  await rig.run(rig.steps, DAY);
  assert.equal(rig.tokens.length, 1);
});

Deno.test("a renewal that fails leaves the access as it is, and says so", async () => {
  await using rig = await startAccessRig();
  rig.takenOver({ created_at: new Date(Date.now() - 300 * DAY).toISOString() });
  rig.database.fails = new DatabaseError("password authentication failed", "refused");
  const said = await rig.visit(rig.steps);
  assert.equal(rig.condition("OperatorAccess"), "True/NotConfirmed");
  assert.deepEqual(said.troubles.map(({ reason }) => reason), ["DatabaseRefused"]);
  assert.equal(rig.status.operatorAccessReady, true);
});

Deno.test("without a database nothing is polled, and the condition says what to set", async () => {
  await using rig = await startAccessRig({ spec: {} });
  await rig.visit(rig.steps);
  assert.equal(rig.condition("OperatorAccess"), "False/NoDatabaseURL");
  assert.match(
    rig.message("OperatorAccess"),
    /CODER_PG_CONNECTION_URL.*databaseURLSecretRef.*bootstrapTokenSecretRef/s,
  );
  const [reads, writes] = [rig.secretReads, rig.writes];
  await rig.run(rig.steps, 60 * MINUTE);
  assert.equal(rig.secretReads, reads);
  assert.equal(rig.writes, writes);
  assert.equal(asked(rig), 0);
});

Deno.test("a database whose Secret comes later is used as soon as it is there", async () => {
  const databaseURLSecretRef = { name: "db" };
  await using rig = await startAccessRig({ spec: { operatorAccess: { databaseURLSecretRef } } });
  await rig.look();
  assert.equal(rig.condition("OperatorAccess"), "False/DatabaseURLMissing");
  assert.match(rig.message("OperatorAccess"), /Secret a\/db does not exist/);
  rig.secret("db", { url: "postgres://db/coder" });
  await rig.look();
  assert.equal(rig.status.operatorAccessReady, true);
});

Deno.test("an answer that is not Coder's says nothing about a token", async () => {
  await using rig = await startAccessRig();
  rig.takenOver();
  await rig.look();
  rig.advance(6 * MINUTE);
  rig.fake.faults.add({ route: LIST, action: htmlPage(401, "Sign in"), times: 3 });
  await rig.look();
  assert.equal(rig.condition("OperatorAccess"), "True/NotConfirmed");
  assert.deepEqual(rig.database.calls, []);
});

Deno.test("a Coder that asks for fewer requests gets fewer, and the status does not tick", async () => {
  await using rig = await startAccessRig();
  rig.takenOver();
  await rig.look();
  rig.advance(6 * MINUTE);
  rig.fake.faults.add({ route: LIST, action: tooManyRequests(60), times: 50 });
  const before = asked(rig);
  await rig.look();
  const writes = rig.writes;
  await rig.run(rig.steps, MINUTE);
  assert.ok(asked(rig) - before <= 3, `${asked(rig) - before} requests`);
  assert.equal(rig.writes, writes);
});

Deno.test("while Coder cannot be reached, PostgreSQL is asked once after a start", async () => {
  await using rig = await startAccessRig();
  rig.takenOver();
  rig.url = "http://127.0.0.1:1";
  const steps = rig.restarted;
  await rig.visit(steps);
  assert.equal(rig.condition("OperatorAccess"), "True/TokenStored");
  await rig.run(steps, 20 * MINUTE);
  assert.equal(rig.status.operatorAccessReady, true);
  assert.equal(rig.database.calls[0], "ensure");
  assert.ok(rig.database.calls.length <= 2, `${rig.database.calls.length} calls`);
});

Deno.test("a user of that name that is somebody's is left alone", async () => {
  await using rig = await startAccessRig();
  const human = rig.fake.state.addUser({ username: OPERATOR_USER.username, email: "human@example.com" });
  const before = structuredClone(human);
  await rig.look();
  assert.equal(rig.condition("OperatorAccess"), "False/ForeignUser");
  assert.deepEqual(human, before);
});

Deno.test("a Secret under a new name gets the same token, and the old one goes", async () => {
  await using rig = await startAccessRig();
  await rig.look();
  await rig.look();
  const token = rig.stored();
  rig.spec = { ...WITH_DATABASE, operatorAccess: { generatedTokenSecretName: "mine" } };
  await rig.look();
  assert.equal(rig.stored("mine"), token);
  assert.equal(rig.stored(), undefined);
  assert.equal(rig.status.operatorTokenSecretRef?.name, "mine");
  assert.deepEqual(rig.database.calls, ["ensure"]);
});

Deno.test("access that is disabled is taken away once: token, Secret, status", async () => {
  await using rig = await startAccessRig();
  await rig.look();
  rig.spec = { ...WITH_DATABASE, operatorAccess: { disabled: true } };
  await rig.look();
  assert.equal(rig.condition("OperatorAccess"), "False/Disabled");
  assert.deepEqual(rig.tokens, []);
  assert.equal(rig.stored(), undefined);
  const { operatorAccessReady, operatorTokenExpires, operatorTokenName, operatorTokenSecretRef } = rig.status;
  assert.deepEqual(
    [operatorAccessReady, operatorTokenExpires, operatorTokenName, operatorTokenSecretRef],
    [undefined, undefined, undefined, undefined],
  );
  assert.equal(rig.seen, undefined);
  const calls = rig.database.calls.length;
  await rig.look();
  await rig.visit(rig.restarted);
  assert.equal(rig.database.calls.length, calls);
  rig.spec = WITH_DATABASE;
  await rig.look();
  assert.equal(rig.status.operatorAccessReady, true);
});

Deno.test("access is disabled through the API where PostgreSQL is away", async () => {
  await using rig = await startAccessRig();
  await rig.look();
  rig.spec = { ...WITH_DATABASE, operatorAccess: { disabled: true } };
  rig.database.fails = unreachable();
  await rig.look();
  assert.equal(rig.condition("OperatorAccess"), "False/Disabled");
  assert.deepEqual(rig.tokens, []);
});

Deno.test("where a token cannot be revoked, access that is disabled is not ready, and is tried again", async () => {
  await using rig = await startAccessRig();
  await rig.look();
  rig.spec = { ...WITH_DATABASE, operatorAccess: { disabled: true } };
  rig.database.fails = unreachable();
  rig.fake.settings.databaseAway = true;
  await rig.look();
  assert.equal(rig.condition("OperatorAccess"), "False/NotRevoked");
  assert.equal(rig.status.operatorAccessReady, undefined);
  assert.equal(rig.status.operatorTokenSecretRef?.name, TOKEN_SECRET);
  rig.database.fails = undefined;
  rig.advance(rig.lookAgainMs);
  await rig.look();
  assert.equal(rig.condition("OperatorAccess"), "False/Disabled");
  assert.deepEqual(rig.tokens, []);
});

Deno.test("the end of a control plane revokes its tokens, however often it is tried", async () => {
  await using rig = await startAccessRig();
  rig.takenOver();
  rig.fake.state.addToken(rig.database.user()!, { token_name: SECOND });
  const others = rig.fake.state.addToken(rig.database.user()!, { token_name: "coder-k8s-operator-other" });
  await rig.end();
  await rig.end();
  assert.deepEqual(rig.tokens, []);
  assert.ok([...rig.fake.state.keys.values()].some(({ id }) => others.startsWith(id)));
  assert.equal(rig.events.filter((each) => each.includes("OperatorTokenRevoked")).length, 1);
});

Deno.test("the end revokes through the API where there is no database, and says where neither helps", async () => {
  await using rig = await startAccessRig({ spec: {} });
  rig.takenOver();
  rig.fake.settings.databaseAway = true;
  await assert.rejects(rig.end(), /internal error/i);
  rig.fake.settings.databaseAway = false;
  await rig.end();
  assert.deepEqual(rig.tokens, []);
});

Deno.test("the end of a control plane that never had access waits for nobody", async () => {
  await using rig = await startAccessRig();
  rig.database.hangs = true;
  await rig.end();
  assert.deepEqual(rig.database.calls, []);
  assert.equal(rig.fake.requests.length, 0);
});

Deno.test("a token whose Secret is gone is named where nobody can revoke it", async () => {
  await using rig = await startAccessRig({ spec: {}, status: { operatorTokenName: FIRST } });
  await assert.rejects(rig.end(), (error: Error) => error.message.includes(FIRST));
});
