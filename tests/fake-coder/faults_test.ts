import assert from "node:assert/strict";
import { failure, startClientRig } from "./client_rig.ts";
import { Faults, htmlPage, tooManyRequests } from "./faults.ts";
import { startFakeCoder } from "./mod.ts";

Deno.test("a fault hits as often as it says, after as many as it skips", () => {
  const faults = new Faults();
  faults.add({ skip: 1, times: 2, action: { do: "hang" } });
  const hits = Array.from({ length: 5 }, () => faults.take("GET", "/r", "/r")?.do);
  assert.deepEqual(hits, [undefined, "hang", "hang", undefined, undefined]);
  assert.equal(faults.size, 0);
});

Deno.test("a fault hits only what it matches", () => {
  const faults = new Faults();
  faults.add({ method: "POST", route: "/a/{b}", path: /^\/a\/x$/, times: Infinity, action: { do: "hang" } });
  assert.equal(faults.take("GET", "/a/{b}", "/a/x"), undefined);
  assert.equal(faults.take("POST", "/other", "/a/x"), undefined);
  assert.equal(faults.take("POST", "/a/{b}", "/a/y"), undefined);
  assert.equal(faults.take("POST", "/a/{b}", "/a/x")?.do, "hang");
});

Deno.test("faults are taken away one by one or all at once", () => {
  const faults = new Faults();
  const remove = faults.add({ times: Infinity, action: { do: "hang" } });
  const end = faults.rateLimit();
  assert.equal(faults.size, 2);
  remove();
  remove();
  assert.equal(faults.take("GET", undefined, "/")?.do, "answer");
  end();
  assert.equal(faults.take("GET", undefined, "/"), undefined);
  faults.rateLimit(null);
  faults.clear();
  assert.equal(faults.size, 0);
});

Deno.test("a 429 has Retry-After unless told otherwise", () => {
  const action = (retryAfter?: number | null) => {
    const made = tooManyRequests(retryAfter);
    assert.equal(made.do, "answer");
    return made.do === "answer" ? made.reply.headers : undefined;
  };
  assert.deepEqual(action(), { "Retry-After": "60" });
  assert.deepEqual(action(5), { "Retry-After": "5" });
  assert.deepEqual(action(null), {});
});

Deno.test("a page comes without coderd's headers", async () => {
  await using rig = await startClientRig();
  rig.fake.faults.add({ action: htmlPage(502, "Bad Gateway") });
  const headers = { "Accept": "application/json", "User-Agent": "coder-k8s" };
  const answer = await rig.transport.send({ method: "GET", path: "/healthz", headers, timeoutMs: 60_000 });
  assert.equal(answer.status, 502);
  assert.equal(answer.headers["x-coder-build-version"], undefined);
  assert.equal(answer.headers["set-cookie"], undefined);
});

Deno.test("a delayed request is carried out when it is let go", async () => {
  await using rig = await startClientRig();
  const { promise, resolve } = Promise.withResolvers<void>();
  rig.fake.faults.add({ method: "POST", action: { do: "delay", until: promise, ms: 1 } });
  let done = false;
  const call = rig.client.tokens.create("me", { name: "slow" }).then(() => done = true);
  await rig.client.users.me();
  assert.equal(done, false);
  assert.equal([...rig.fake.state.keys.values()].some((key) => key.token_name === "slow"), false);
  resolve();
  await call;
  assert.equal([...rig.fake.state.keys.values()].some((key) => key.token_name === "slow"), true);
});

Deno.test("a dropped request has no effect, a lost answer has all of it", async () => {
  await using rig = await startClientRig();
  const names = () => [...rig.fake.state.keys.values()].map((key) => key.token_name);
  rig.fake.faults.add({ action: { do: "dropRequest" } });
  await failure(rig.client.tokens.create("me", { name: "dropped" }));
  for (const action of ["loseAnswer", "truncate"] as const) {
    rig.fake.faults.add({ action: { do: action } });
    await failure(rig.client.tokens.create("me", { name: action }));
  }
  assert.deepEqual(names().filter((name) => !name.startsWith("token-")), ["loseAnswer", "truncate"]);
});

Deno.test("a stopped fake refuses connections and comes back at its address with its state", async () => {
  await using rig = await startClientRig();
  const { url } = rig.fake;
  await rig.fake.stop();
  assert.equal((await failure(rig.client.users.me())).reason, "connectionRefused");
  await rig.fake.start();
  assert.equal(rig.fake.url, url);
  assert.equal((await rig.client.users.me()).username, "admin");
});

Deno.test("stopping twice is no error", async () => {
  const fake = await startFakeCoder();
  await fake.stop();
  await fake.stop();
  assert.equal(fake.connections.open, 0);
});
