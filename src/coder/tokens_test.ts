import assert from "node:assert/strict";
import { failure, startClientRig } from "../../tests/fake-coder/client_rig.ts";
import type { CoderApiError } from "./errors.ts";
import { tokenId } from "./tokens.ts";

const DAY_MS = 24 * 3_600_000;

Deno.test("a new token works, and its lifetime is what was asked for", async () => {
  await using rig = await startClientRig();
  const { sessionToken } = await rig.client.tokens.create("me", { name: "operator", lifetimeMs: 2 * DAY_MS });
  assert.equal((await rig.clientWith(sessionToken).users.me()).id, rig.owner.id);
  const key = await rig.client.tokens.getByName("me", "operator");
  assert.equal(key.id, tokenId(sessionToken));
  assert.equal(key.lifetime_seconds, 2 * 24 * 3_600);
  assert.equal(key.user_id, rig.owner.id);
});

Deno.test("without a lifetime Coder's own default holds", async () => {
  await using rig = await startClientRig();
  await rig.client.tokens.create("me", { name: "short", scopes: ["coder:all"] });
  assert.equal((await rig.client.tokens.getByName("me", "short")).lifetime_seconds, 7 * 24 * 3_600);
});

Deno.test("lifetimes are sent in whole nanoseconds, without losing any to rounding", async () => {
  await using rig = await startClientRig();
  const member = rig.fake.state.addUser({ username: "member", roles: [] });
  const { maxLifetimeMs } = await rig.client.tokens.config("member");
  await rig.client.tokens.create("member", { name: "longest", lifetimeMs: maxLifetimeMs });
  assert.equal(
    (await rig.client.tokens.getByName(member.id, "longest")).lifetime_seconds * 1_000,
    maxLifetimeMs,
  );
  await rig.client.tokens.create("member", { name: "odd", lifetimeMs: 1_234_567.89 });
});

Deno.test("owners get less time than others, and more than the most is refused", async () => {
  await using rig = await startClientRig();
  rig.fake.state.addUser({ username: "member", roles: [] });
  assert.equal((await rig.client.tokens.config("me")).maxLifetimeMs, 7 * DAY_MS);
  assert.ok((await rig.client.tokens.config("member")).maxLifetimeMs > 365 * DAY_MS);
  const error = await failure(rig.client.tokens.create("me", { name: "long", lifetimeMs: 8 * DAY_MS }));
  assert.equal(error.kind, "invalid");
  assert.match(error.message, /lifetime must be less than 168h0m0s/);
});

Deno.test("a name is taken once for each user", async () => {
  await using rig = await startClientRig();
  await rig.client.tokens.create("me", { name: "a" });
  const error = await failure(rig.client.tokens.create("me", { name: "a" }));
  assert.equal(error.kind, "conflict");
  assert.match(error.message, /A token with name "a" already exists/);
});

Deno.test("nobody can make tokens for a system user by API", async () => {
  await using rig = await startClientRig();
  rig.fake.state.addUser({ username: "operator", is_system: true });
  const error = await failure(rig.client.tokens.create("operator", { name: "a" }));
  assert.equal(error.kind, "forbidden");
  assert.deepEqual(await rig.client.tokens.list("operator"), []);
});

Deno.test("lists are lists, also when Coder sends null", async () => {
  await using rig = await startClientRig();
  rig.fake.state.addUser({ username: "member", roles: [] });
  assert.deepEqual(await rig.client.tokens.list("member"), []);
  await rig.client.tokens.create("member", { name: "a" });
  assert.deepEqual((await rig.client.tokens.list("member")).map((key) => key.token_name), ["a"]);
  const all = await rig.client.tokens.list("me", { includeAll: true });
  assert.deepEqual(new Set(all.map(({ username }) => username)), new Set(["admin", "member"]));
});

Deno.test("expired tokens are listed as such", async () => {
  await using rig = await startClientRig();
  rig.fake.state.addToken(rig.owner, { token_name: "old", expires: Date.now() - DAY_MS });
  const old = await rig.client.tokens.getByName("me", "old");
  assert.ok(Date.parse(old.expires_at) < Date.now());
});

Deno.test("a token that is deleted stops working, and deleting it again is no error", async () => {
  await using rig = await startClientRig();
  const { sessionToken } = await rig.client.tokens.create("me", { name: "a" });
  const id = tokenId(sessionToken)!;
  assert.equal((await rig.client.tokens.getById("me", id)).token_name, "a");
  assert.equal(await rig.client.tokens.delete("me", id), true);
  assert.equal(await rig.client.tokens.delete("me", id), false);
  assert.equal((await failure(rig.clientWith(sessionToken).users.me())).reason, "tokenRefused");
  assert.equal(await rig.client.tokens.findByName("me", "a"), undefined);
});

Deno.test("two tokens under two names live side by side while one replaces the other", async () => {
  await using rig = await startClientRig();
  const first = await rig.client.tokens.create("me", { name: "operator" });
  const second = await rig.clientWith(first.sessionToken).tokens.create("me", { name: "operator-b" });
  const next = rig.clientWith(second.sessionToken);
  assert.equal(await next.tokens.delete("me", tokenId(first.sessionToken)!), true);
  assert.equal((await next.users.me()).id, rig.owner.id);
});

Deno.test("members may not touch others' tokens", async () => {
  await using rig = await startClientRig();
  const member = rig.memberClient();
  const error = await failure(member.tokens.create("admin", { name: "a" }));
  assert.equal(error.kind, "notFound");
  assert.equal((error as CoderApiError).status, 404);
});

Deno.test("unsupported scopes are refused in Coder's words", async () => {
  await using rig = await startClientRig();
  const error = await failure(rig.client.tokens.create("me", { name: "a", scopes: ["license:read"] }));
  assert.match(error.message, /invalid or unsupported API key scope: "license:read"/);
});

Deno.test("the id of a token is its first part, of text in Coder's form alone", () => {
  assert.equal(tokenId(`abcdefghij-${"x".repeat(22)}\n`), "abcdefghij");
  for (const odd of ["", "abc", `abcdefghij-${"x".repeat(21)}`, `abcdefghi_-${"x".repeat(22)}`, "a-b-c"]) {
    assert.equal(tokenId(odd), undefined, odd);
  }
});
