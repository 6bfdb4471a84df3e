import assert from "node:assert/strict";
import { failure, startClientRig } from "../../tests/fake-coder/client_rig.ts";
import { databaseAway401, refuse } from "../../tests/fake-coder/mod.ts";
import { createCoderClient } from "./client.ts";

Deno.test("another user goes over the same connections, and within the same budget", async () => {
  await using rig = await startClientRig();
  const ann = rig.fake.state.addUser({ username: "ann", roles: [] });
  const own = rig.client.as!(rig.fake.state.addToken(ann));
  assert.deepEqual([(await rig.client.users.me()).username, (await own.users.me()).username], [
    "admin",
    "ann",
  ]);
  assert.equal(rig.fake.connections.accepted, 1);
  assert.equal(own.address, rig.client.address);
  assert.equal((await own.as!(rig.token).users.me()).username, "admin");
});

Deno.test("what somebody waits for is somebody else's, too", async () => {
  await using rig = await startClientRig();
  const ann = rig.fake.state.addUser({ username: "ann", roles: [] });
  const client = createCoderClient({
    transport: rig.transport,
    token: rig.token,
    promptBudget: { acquire: () => Promise.resolve({ granted: true }), limited() {}, passed() {} } as never,
  });
  const own = client.as!(rig.fake.state.addToken(ann));
  assert.equal((await own.prompt!.users.me()).username, "ann");
  assert.equal(rig.client.prompt, undefined);
  assert.equal(rig.client.as!(rig.token).prompt, undefined);
});

Deno.test("that a token is no good is told to whoever gave it, once a call", async () => {
  await using rig = await startClientRig();
  const ann = rig.fake.state.addUser({ username: "ann", roles: [] });
  let told = 0;
  const token = rig.fake.state.addToken(ann);
  const own = rig.client.as!(token, () => told++);
  await own.users.me();
  assert.equal(told, 0);
  rig.fake.state.keys.delete(token.split("-")[0]!);
  assert.equal((await failure(own.users.me())).kind, "unauthorized");
  assert.equal(told, 1);
});

Deno.test("that a token's user may not act any more is told like a token that is no good", async () => {
  await using rig = await startClientRig();
  let told = 0;
  const own = rig.client.as!(rig.token, () => told++);
  const message = 'User is not active (status = "suspended"). Contact an admin to reactivate your account.';
  rig.fake.faults.add({ action: { do: "answer", reply: refuse(401, message) } });
  assert.equal((await failure(own.users.me())).reason, "userInactive");
  assert.equal(told, 1);
});

Deno.test("nothing follows from the 401 of a Coder whose database is away", async () => {
  await using rig = await startClientRig();
  let told = 0;
  const own = rig.client.as!(rig.token, () => told++);
  rig.fake.faults.add({ action: { do: "answer", reply: databaseAway401() } });
  await failure(own.users.me());
  assert.equal(told, 0);
});
