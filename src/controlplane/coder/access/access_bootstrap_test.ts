/** Access through Coder's API, and what happens where one of the ways is closed. */
import assert from "node:assert/strict";
import {
  asked,
  assertNoSecrets,
  DAY,
  FIRST,
  MINUTE,
  SECOND,
  startAccessRig,
  TOKEN_SECRET,
  WITH_DATABASE,
} from "../../../../tests/controlplane/access_rig.ts";
import { KubeApiError } from "../../../kube/errors.ts";
import { OPERATOR_USER } from "./access_identity.ts";

const withBootstrap = { operatorAccess: { bootstrapTokenSecretRef: { name: "owner" } } };

Deno.test("with an owner's token, user and token are made through the API, within what Coder allows", async () => {
  await using rig = await startAccessRig({ spec: withBootstrap });
  rig.secret("owner", { token: rig.fake.state.addOwner().token });
  await rig.look();
  assert.equal(rig.condition("OperatorAccess"), "True/TokenValid");
  const user = rig.fake.state.user(OPERATOR_USER.username);
  assert.deepEqual([user?.login_type, user?.is_system, user?.roles], ["none", false, ["owner"]]);
  const [key] = rig.database.keys();
  assert.equal(key?.lifetime_seconds, 7 * 86_400);
  assert.deepEqual(rig.database.calls, []);
  assertNoSecrets(rig);
});

Deno.test("an ordinary user's token is renewed with itself, and the old one is deleted", async () => {
  await using rig = await startAccessRig({ spec: withBootstrap });
  rig.secret("owner", { token: rig.fake.state.addOwner().token });
  await rig.look();
  const first = rig.stored();
  // The owner's token is not needed any more.
  rig.secret("owner", null);
  await rig.run(rig.steps, 5 * DAY);
  assert.notEqual(rig.stored(), first);
  assert.equal(rig.status.operatorTokenName, SECOND);
  await rig.run(rig.steps, DAY);
  assert.deepEqual(rig.tokens, [SECOND]);
  assert.equal(rig.status.operatorAccessReady, true);
});

Deno.test("with an owner's token, disabling and the end go through the API", async () => {
  await using rig = await startAccessRig({ spec: withBootstrap });
  rig.secret("owner", { token: rig.fake.state.addOwner().token });
  await rig.look();
  rig.tokenSecret(null);
  await rig.end();
  assert.deepEqual(rig.tokens, []);
});

Deno.test("every fault of an owner's token is told apart", async () => {
  await using rig = await startAccessRig({ spec: withBootstrap });
  await rig.look();
  assert.equal(rig.condition("OperatorAccess"), "False/BootstrapTokenMissing");
  rig.secret("owner", { token: "aaaaaaaaaa-bbbbbbbbbbbbbbbbbbbbbb" });
  await rig.look();
  assert.equal(rig.condition("OperatorAccess"), "False/BootstrapTokenRefused");
  rig.secret("owner", {
    token: rig.fake.state.addToken(rig.fake.state.addUser({ username: "bob", roles: [] })),
  });
  await rig.look();
  assert.equal(rig.condition("OperatorAccess"), "False/Forbidden");
  rig.fake.state.addUser({ username: OPERATOR_USER.username });
  rig.secret("owner", { token: rig.fake.state.addOwner().token });
  await rig.look();
  assert.equal(rig.condition("OperatorAccess"), "False/ForeignUser");
});

Deno.test("a system user's token is made in PostgreSQL although an owner's token is there", async () => {
  await using rig = await startAccessRig({ spec: { ...withBootstrap, ...WITH_DATABASE } });
  rig.secret("owner", { token: rig.fake.state.addOwner().token });
  rig.takenOver();
  rig.tokenSecret(null);
  await rig.look();
  assert.equal(rig.status.operatorAccessReady, true);
  assert.deepEqual(rig.database.calls, ["ensure"]);
});

Deno.test("a system user whose database is not known any more keeps its token, and is told what to set", async () => {
  await using rig = await startAccessRig({ spec: {} });
  rig.takenOver({ created_at: new Date(Date.now() - 300 * DAY).toISOString() });
  const said = await rig.visit(rig.steps);
  assert.equal(rig.condition("OperatorAccess"), "True/NotConfirmed");
  assert.deepEqual(said.troubles.map(({ reason }) => reason), ["SystemUser"]);
  assert.match(rig.message("OperatorAccess"), /databaseURLSecretRef/);
});

Deno.test("while nobody can be asked, what an earlier process found out stands, and nothing is wrong", async () => {
  for (const asleep of [true, false]) {
    await using rig = await startAccessRig({ spec: {} });
    const token = rig.takenOver();
    if (asleep) rig.ready = false;
    else rig.url = "http://127.0.0.1:1";
    const said = await rig.visit(rig.restarted);
    assert.equal(rig.condition("OperatorAccess"), "True/NotConfirmed");
    assert.equal(rig.status.operatorAccessReady, true);
    assert.deepEqual(said.troubles, []);
    assert.equal(rig.stored(), token);
  }
});

Deno.test("an owner's token waits for Coder to answer", async () => {
  await using rig = await startAccessRig({ spec: withBootstrap });
  rig.secret("owner", { token: rig.fake.state.addOwner().token });
  rig.url = "http://127.0.0.1:1";
  const said = await rig.visit(rig.steps);
  assert.equal(rig.condition("OperatorAccess"), "False/WaitingForCoder");
  assert.deepEqual(said.troubles, []);
  rig.url = rig.fake.url;
  rig.advance(6 * MINUTE);
  await rig.look();
  assert.equal(rig.condition("OperatorAccess"), "True/TokenValid");
});

Deno.test("with both names taken by tokens that nobody has, the older one makes room", async () => {
  await using rig = await startAccessRig({ spec: withBootstrap });
  rig.secret("owner", { token: rig.fake.state.addOwner().token });
  await rig.look();
  await rig.look();
  rig.tokenSecret(null);
  rig.advance(MINUTE);
  await rig.look();
  assert.deepEqual(rig.tokens, [FIRST, SECOND]);
  rig.tokenSecret(null);
  rig.advance(MINUTE);
  await rig.look();
  assert.deepEqual(rig.tokens, [SECOND, FIRST]);
  assert.equal(rig.status.operatorTokenName, FIRST);
  assert.equal(rig.condition("OperatorAccess"), "True/TokenValid");
});

Deno.test("old tokens go through PostgreSQL while Coder cannot be reached", async () => {
  await using rig = await startAccessRig();
  const token = rig.takenOver();
  rig.fake.state.addToken(rig.database.user()!, { token_name: SECOND, expires: rig.fake.state.now() - DAY });
  rig.url = "http://127.0.0.1:1";
  await rig.look();
  assert.deepEqual(rig.tokens, [FIRST]);
  assert.deepEqual(rig.database.calls, ["ensure", "revoke"]);
  assert.equal(rig.stored(), token);
});

Deno.test("where PostgreSQL has no token of ours and Coder is gone, the end does not wait", async () => {
  await using rig = await startAccessRig();
  rig.takenOver();
  rig.fake.state.keys.clear();
  rig.url = "http://127.0.0.1:1";
  await rig.end();
  assert.deepEqual(rig.database.calls, ["revoke"]);
});

Deno.test("a Secret that cannot be read is told, and known access stands", async () => {
  await using rig = await startAccessRig();
  rig.takenOver();
  await rig.look();
  const forbidden = { method: "GET", path: "/api/v1/namespaces/a/secrets/x" };
  rig.secretsRefuse = new KubeApiError(403, "Forbidden", "secrets is forbidden", forbidden);
  rig.advance(6 * MINUTE);
  await rig.look();
  assert.equal(rig.condition("OperatorAccess"), "True/NotConfirmed");
  assert.match(rig.message("OperatorAccess"), /secrets is forbidden/);
});

Deno.test("data that is no text is no token", async () => {
  await using rig = await startAccessRig();
  rig.tokenSecret("x");
  rig.objects.get(`Secret a/${TOKEN_SECRET}`)!.data["token"] = "%%%";
  await rig.look();
  assert.equal(rig.status.operatorAccessReady, true);
  assert.equal(rig.seen, rig.stored());
});

Deno.test("what is remembered of a control plane is forgotten with it", async () => {
  await using rig = await startAccessRig();
  rig.takenOver();
  await rig.look();
  const requests = asked(rig);
  rig.access.forget?.("uid-1");
  await rig.look();
  assert.equal(asked(rig), requests + 1);
});
