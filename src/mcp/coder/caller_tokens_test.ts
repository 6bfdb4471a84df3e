import assert from "node:assert/strict";
import { ActionError } from "../../actions/mod.ts";
import { CoderError } from "../../coder/mod.ts";
import { backendOf, startTokenRig } from "../../../tests/mcp/coder_rig.ts";
import type { CallerClient } from "./caller_tokens.ts";

const MINUTE = 60_000;

function own(client: CallerClient) {
  assert.equal(client.is, "user", JSON.stringify(client));
  return client as CallerClient & { is: "user" };
}

Deno.test("a caller whom Coder knows works with a token of their own, which all of their calls share", async () => {
  await using rig = await startTokenRig();
  const ann = rig.addUser("ann");
  const [one, two] = await Promise.all([rig.open(), rig.open()]);
  const { client, username } = own(one);
  assert.equal(username, "ann");
  assert.equal((await client.users.me()).id, ann.id);
  assert.equal(own(two).client, client);
  assert.equal(own(await rig.open()).client, client);
  const [name, ...more] = rig.tokensOf(ann);
  assert.match(name!, /^coder-k8s-mcp-[0-9a-f]{16}$/);
  assert.deepEqual(more, []);
  assert.equal(rig.count("minted"), 1);
  const [key] = [...rig.fake.state.keys.values()].filter(({ user_id }) => user_id === ann.id);
  assert.equal(key?.lifetime_seconds, 900);
  assert.deepEqual(key?.scopes, ["coder:all"]);
});

Deno.test("tokens are known to the redactor as long as there are any, and nowhere else", async () => {
  await using rig = await startTokenRig();
  const ann = rig.addUser("ann");
  const { client } = own(await rig.open());
  const [key] = [...rig.fake.state.keys.values()].filter(({ user_id }) => user_id === ann.id);
  const token = `${key!.id}-${key!.secret}`;
  assert.deepEqual([...rig.secrets], [token]);
  assert.ok(!Deno.inspect(rig.tokens, { depth: 1 }).includes(token));
  assert.ok(!JSON.stringify({ ...client }).includes(token));
  await rig.tokens.close();
  assert.equal(rig.secrets.size, 0);
});

Deno.test("by e-mail address the user is found whatever the case of ASCII", async () => {
  await using rig = await startTokenRig({ rule: { mapping: "email", prefix: "oidc:" } });
  rig.addUser("annette", { email: "Ann@Example.com" });
  assert.equal(own(await rig.open("oidc:ann@example.COM")).username, "annette");
  const nobody = await rig.open("ann@example.com");
  assert.equal(nobody.is, "nobody");
});

Deno.test("who is nobody in Coder has no token, and Coder is not asked again for half a minute", async () => {
  await using rig = await startTokenRig();
  const first = await rig.open();
  assert.deepEqual(first, { is: "nobody", why: 'Coder has no user named "ann"' });
  const asked = rig.fake.requests.length;
  await rig.open();
  assert.equal(rig.fake.requests.length, asked);
  rig.addUser("ann");
  await rig.clock.advance(30_000);
  own(await rig.open());
});

Deno.test("names are compared exactly, and nobody is mapped without a rule", async () => {
  await using rig = await startTokenRig();
  rig.addUser("Ann");
  assert.equal((await rig.open("ann")).is, "nobody");
  assert.equal((await rig.open("system:serviceaccount:lab:bot")).is, "nobody");
  await using none = await startTokenRig({ rule: { mapping: "none" } });
  none.addUser("ann");
  assert.match(JSON.stringify(await none.open()), /not mapped/);
  assert.equal(none.fake.requests.length, 0);
});

Deno.test("a suspended user is refused, and one who has never signed in is nobody yet", async () => {
  await using rig = await startTokenRig();
  rig.addUser("ann", { status: "suspended" });
  rig.addUser("bob", { status: "dormant" });
  for (let again = 0; again < 2; again++) {
    const error = await rig.open("ann").catch((error) => error);
    assert.ok(error instanceof ActionError && error.reason === "forbidden", String(error));
    assert.match(error.message, /ann is suspended/);
  }
  assert.match(JSON.stringify(await rig.open("bob")), /bob is dormant: sign in to Coder once/);
});

Deno.test("nobody is the operator, however they are called", async () => {
  await using rig = await startTokenRig();
  await assert.rejects(rig.open("admin"), /the operator's own/);
  assert.equal(rig.count("minted"), 0);
});

Deno.test("a token is renewed before it expires, and the one before is deleted when nobody can be using it", async () => {
  await using rig = await startTokenRig();
  const ann = rig.addUser("ann");
  const first = own(await rig.open()).client;
  for (let minute = 0; minute < 10; minute += 2) {
    await rig.clock.advance(2 * MINUTE);
    await rig.tokens.sweep();
    assert.equal(own(await rig.open()).client, first);
  }
  // Less than five minutes are left from here on; whoever asks now still gets the first.
  await rig.clock.advance(1_000);
  assert.equal(own(await rig.open()).client, first);
  await until(() => rig.count("minted") === 2);
  const second = own(await rig.open()).client;
  assert.notEqual(second, first);
  await first.users.me();
  assert.equal(rig.tokensOf(ann).length, 2);
  await rig.clock.advance(2 * MINUTE);
  await rig.tokens.sweep();
  assert.equal(rig.tokensOf(ann).length, 1);
  await second.users.me();
});

Deno.test("a token that nobody has used for five minutes is deleted", async () => {
  await using rig = await startTokenRig();
  const ann = rig.addUser("ann");
  await rig.open();
  const end = new AbortController();
  const running = rig.tokens.run(end.signal);
  await rig.clock.advance(5 * MINUTE - 1);
  assert.equal(rig.tokensOf(ann).length, 1);
  await rig.clock.advance(15_000);
  await until(() => rig.count("deleted") === 1);
  assert.deepEqual(rig.tokensOf(ann), []);
  assert.equal(rig.tokens.size, 0);
  end.abort();
  await running;
  own(await rig.open());
});

Deno.test("at the end all tokens are deleted, and nobody gets one any more", async () => {
  await using rig = await startTokenRig();
  const users = ["ann", "bob", "cid"].map((name) => rig.addUser(name));
  await Promise.all(users.map(({ username }) => rig.open(username)));
  await rig.tokens.close();
  assert.deepEqual(users.flatMap(rig.tokensOf), []);
  await assert.rejects(rig.open(), /is being ended/);
});

Deno.test("at the end tokens are deleted although no way to Coder is opened any more", async () => {
  await using rig = await startTokenRig();
  const ann = rig.addUser("ann");
  await rig.open();
  const closed = Promise.reject(new Error("the client is closed"));
  closed.catch(() => {});
  rig.opened.client = closed;
  await rig.tokens.close();
  assert.deepEqual(rig.tokensOf(ann), []);
  assert.equal(rig.count("deleted"), 1);
});

Deno.test("the end waits for no Coder that does not answer", async () => {
  await using rig = await startTokenRig({ closeMs: 500 });
  rig.addUser("ann");
  await rig.open();
  rig.fake.faults.add({ method: "DELETE", action: { do: "hang" } });
  const closed = rig.tokens.close();
  await rig.clock.advance(500);
  await closed;
  assert.equal(rig.count("expiring"), 1);
  assert.equal(rig.secrets.size, 0);
});

Deno.test("a token that cannot be deleted now is deleted later", async () => {
  await using rig = await startTokenRig();
  const ann = rig.addUser("ann");
  await rig.open();
  rig.fake.faults.add({ method: "DELETE", action: { do: "dropRequest" } });
  await rig.clock.advance(5 * MINUTE);
  await rig.tokens.sweep();
  assert.equal(rig.tokensOf(ann).length, 1);
  await rig.tokens.sweep();
  assert.deepEqual(rig.tokensOf(ann), []);
});

Deno.test("a token that somebody has deleted in Coder is replaced at the next call", async () => {
  await using rig = await startTokenRig();
  const ann = rig.addUser("ann");
  const { client } = own(await rig.open());
  for (const key of [...rig.fake.state.keys.values()]) {
    if (key.user_id === ann.id) rig.fake.state.keys.delete(key.id);
  }
  await assert.rejects(client.users.me(), CoderError);
  const next = own(await rig.open());
  assert.equal((await next.client.users.me()).id, ann.id);
  assert.equal(rig.count("refused"), 1);
});

Deno.test("tokens that a process has left behind are deleted when their user comes again", async () => {
  await using rig = await startTokenRig();
  const ann = rig.addUser("ann");
  const ago = (ms: number) => ({ created_at: new Date(Date.now() - ms).toISOString() });
  rig.fake.state.addToken(ann, { token_name: "coder-k8s-mcp-0011", ...ago(61 * MINUTE) });
  rig.fake.state.addToken(ann, { token_name: "coder-k8s-mcp-2233", ...ago(20 * MINUTE) });
  rig.fake.state.addToken(ann, { token_name: "laptop", ...ago(600 * MINUTE) });
  await rig.open();
  await until(() => rig.count("leftover") === 1);
  const left = rig.tokensOf(ann);
  // Another replica may be using the younger one.
  assert.ok(left.includes("coder-k8s-mcp-2233") && left.includes("laptop"));
  assert.ok(!left.includes("coder-k8s-mcp-0011"));
});

Deno.test("there are no more tokens than allowed: the one that was idle for longest goes", async () => {
  await using rig = await startTokenRig({ mostTokens: 2 });
  const [ann, bob, cid] = ["ann", "bob", "cid"].map((name) => rig.addUser(name)) as [never, never, never];
  await rig.open("ann");
  await rig.clock.advance(MINUTE);
  await rig.open("bob");
  await rig.open("cid");
  await until(() => rig.count("deleted") === 1);
  assert.deepEqual([ann, bob, cid].map((user) => rig.tokensOf(user).length), [0, 1, 1]);
  // Those who are at work keep theirs.
  await assert.rejects(rig.open("ann"), /2 users work in Coder by this server just now/);
});

Deno.test("where a deployment takes no token that lives so long, it lives as long as may be", async () => {
  await using rig = await startTokenRig();
  rig.addUser("ann");
  rig.fake.settings.maxTokenSeconds = 600;
  own(await rig.open());
  const [key] = [...rig.fake.state.keys.values()].filter(({ token_name }) =>
    token_name.startsWith("coder-k8s")
  );
  assert.equal(key?.lifetime_seconds, 599);
});

Deno.test("what Coder does not allow is told as Coder says it, to all who wait", async () => {
  await using rig = await startTokenRig();
  rig.addUser("ann", { is_system: true });
  const answers = await Promise.allSettled([rig.open(), rig.open()]);
  for (const answer of answers) {
    assert.ok(answer.status === "rejected" && answer.reason instanceof CoderError);
  }
  assert.equal(rig.count("failed"), 1);
});

Deno.test("who does not want to wait any longer leaves the others alone", async () => {
  await using rig = await startTokenRig();
  rig.addUser("ann");
  const gate = Promise.withResolvers<void>();
  rig.fake.faults.add({ method: "POST", action: { do: "delay", until: gate.promise } });
  const stop = new AbortController();
  const [one, two] = [rig.open("ann", stop.signal), rig.open("ann")];
  const reason = new Error("enough");
  stop.abort(reason);
  await assert.rejects(one, reason);
  gate.resolve();
  own(await two);
  assert.equal(rig.count("minted"), 1);
});

Deno.test("each Coder has tokens of its own, also where another one has the old name", async () => {
  await using rig = await startTokenRig();
  rig.addUser("ann");
  const signal = AbortSignal.timeout(60_000);
  const open = () => Promise.resolve(rig.client);
  const backends = [
    backendOf("lab/acme", open),
    backendOf("lab/zoo", open),
    backendOf("lab/acme", open, { uid: "another" }),
  ];
  const clients = new Set<unknown>();
  for (const backend of backends) {
    clients.add(own(await rig.tokens.open(backend, { name: "ann" }, signal)).client);
  }
  assert.equal(clients.size, 3);
  assert.equal(rig.count("minted"), 3);
});

Deno.test("where the operator's own access is renewed, tokens are used on over the new connection", async () => {
  await using rig = await startTokenRig();
  rig.addUser("ann");
  const before = own(await rig.open()).client;
  rig.opened.client = rig.clientWith(rig.fake.state.addToken(rig.owner));
  const after = own(await rig.open()).client;
  assert.notEqual(after, before);
  assert.equal((await after.users.me()).username, "ann");
  assert.equal(rig.count("minted"), 1);
});

Deno.test("without a way to Coder the reason is told", async () => {
  await using rig = await startTokenRig();
  rig.opened.client = Promise.reject(new Error("Secret lab/acme-operator-token does not exist"));
  await assert.rejects(rig.open(), /acme-operator-token does not exist/);
  rig.opened.client = rig.client;
});

/** What the fake Coder does takes real time. */
async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!holds()) {
    assert.ok(Date.now() < deadline, "it did not come to be in time");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
