import assert from "node:assert/strict";
import { z } from "zod";
import { failure, startClientRig } from "../../tests/fake-coder/client_rig.ts";
import { tooManyRequests } from "../../tests/fake-coder/mod.ts";
import { createCaller } from "./call.ts";
import { CoderConnectionError, CoderNotSentError, mayHaveHappened } from "./errors.ts";
import type { CoderTransport, TransportRequest } from "./transport.ts";

/** A transport that answers with what it is told and remembers what it was sent. */
function scripted(...answers: { status: number; body?: string; headers?: Record<string, string> }[]) {
  const sent: TransportRequest[] = [];
  const transport: CoderTransport = {
    address: "http://coder.test",
    send(request) {
      sent.push(request);
      const { status, body = "{}", headers = {} } = answers[sent.length - 1] ?? answers.at(-1) ??
        { status: 200 };
      const fixed = { "x-coder-build-version": "v2.30.0", "content-type": "application/json" };
      return Promise.resolve({ status, headers: { ...fixed, ...headers }, body });
    },
    close() {},
  };
  return { transport, sent };
}

const me = { method: "GET", route: "/api/v2/users/{user}", parameters: { user: "me" } } as const;
const keyRoute = {
  method: "POST",
  route: "/api/v2/organizations/{organization}/provisionerkeys",
  parameters: { organization: "default" },
  body: { name: "k" },
  bypassRateLimit: true,
} as const;

Deno.test("a call carries the token, what it accepts, who it is, and nothing else", async () => {
  const { transport, sent } = scripted({ status: 200 });
  await createCaller({ transport, token: " tok\n", userAgent: "coder-k8s/1" })(me);
  assert.deepEqual(sent[0]?.headers, {
    "Accept": "application/json",
    "User-Agent": "coder-k8s/1",
    "Coder-Session-Token": "tok",
  });
  assert.equal(sent[0]?.path, "/api/v2/users/me");
  assert.equal(sent[0]?.body, undefined);
});

Deno.test("a call that needs no token carries none", async () => {
  const { transport, sent } = scripted({ status: 200 });
  await createCaller({ transport, token: "tok" })({ ...me, signedIn: false });
  assert.equal("Coder-Session-Token" in (sent[0]?.headers ?? {}), false);
});

Deno.test("a body is JSON with its type", async () => {
  const { transport, sent } = scripted({ status: 200 });
  await createCaller({ transport, token: "tok" })({ ...me, method: "PUT", body: { a: [1, null] } });
  assert.equal(sent[0]?.body, `{"a":[1,null]}`);
  assert.equal(sent[0]?.headers["Content-Type"], "application/json");
});

Deno.test("parts of the path are escaped and the query is kept out of metrics", async () => {
  await using rig = await startClientRig();
  const error = await failure(rig.client.users.get("a/../b?x"));
  assert.equal(error.kind, "notFound");
  assert.equal(rig.fake.requests[0]?.path, "/api/v2/users/a%2F..%2Fb%3Fx");
  await rig.client.users.list({ q: "secretly", limit: 1 });
  assert.doesNotMatch(await rig.metrics.text(), /secretly|%2F/);
  assert.equal(
    await rig.sample("coder_k8s_coder_requests_total", { route: "/api/v2/users/{user}", code: "400" }),
    1,
  );
  assert.equal(
    await rig.sample("coder_k8s_coder_requests_total", { route: "/api/v2/users", code: "200" }),
    1,
  );
});

Deno.test("without a token, or with one that no header can carry, nothing is sent", async () => {
  for (
    const [token, reason] of [
      [undefined, "tokenMissing"],
      ["  ", "tokenMissing"],
      ["a\nb", "tokenMalformed"],
      ["ż", "tokenMalformed"],
    ] as const
  ) {
    const { transport, sent } = scripted({ status: 200 });
    const error = await failure(createCaller({ transport, token })(me));
    assert.ok(error instanceof CoderNotSentError);
    assert.equal(error.kind, "unauthorized");
    assert.equal(error.reason, reason);
    assert.equal(sent.length, 0);
  }
});

Deno.test("an argument that no path can carry is refused before anything is sent", async () => {
  const { transport, sent } = scripted({ status: 200 });
  const call = createCaller({ transport, token: "tok" });
  const error = await failure(call({ ...me, parameters: { user: ".." } }));
  assert.equal(error.kind, "invalid");
  assert.equal(error.reason, "badParameter");
  assert.equal(sent.length, 0);
});

Deno.test("the bypass header is tried once, and after a 428 never again", async () => {
  const { transport, sent } = scripted({ status: 428, body: "provided but user is not owner" }, {
    status: 201,
  });
  const call = createCaller({ transport, token: "tok" });
  await call(keyRoute);
  await call(keyRoute);
  assert.deepEqual(sent.map(({ headers }) => headers["X-Coder-Bypass-Ratelimit"]), [
    "true",
    undefined,
    undefined,
  ]);
});

Deno.test("calls that do not ask for it never carry the bypass header", async () => {
  const { transport, sent } = scripted({ status: 200 });
  await createCaller({ transport, token: "tok" })(me);
  assert.equal("X-Coder-Bypass-Ratelimit" in (sent[0]?.headers ?? {}), false);
});

Deno.test("a 428 to a call without the header is an answer like others", async () => {
  const { transport, sent } = scripted({ status: 428, body: "no" });
  const error = await failure(createCaller({ transport, token: "tok" })(me));
  assert.equal(error.kind, "invalid");
  assert.equal(sent.length, 1);
});

Deno.test("after a 429 the path is silent until the time that Coder named", async () => {
  await using rig = await startClientRig();
  rig.fake.faults.add({ action: tooManyRequests(60) });
  const limited = await failure(rig.client.users.me());
  assert.equal(limited.kind, "rateLimited");
  assert.equal(limited.retryAfterMs, 60_000);
  for (let index = 0; index < 20; index++) {
    const held = await failure(rig.client.users.me());
    assert.ok(held instanceof CoderNotSentError);
    assert.equal(held.kind, "rateLimited");
    assert.ok((held.retryAfterMs ?? 0) > 30_000, `${held.retryAfterMs}`);
  }
  assert.equal(rig.fake.count({ route: "/api/v2/users/{user}" }), 1);
  assert.equal((await rig.client.system.buildInfo()).workspace_proxy, false);
  assert.equal(await rig.sample("coder_k8s_coder_requests_held_total", { reason: "held" }), 20);
});

Deno.test("all clients of a deployment share the silence", async () => {
  await using rig = await startClientRig();
  rig.fake.faults.add({ action: tooManyRequests(60) });
  await failure(rig.client.users.me());
  const other = rig.memberClient();
  assert.ok(await failure(other.users.me()) instanceof CoderNotSentError);
  assert.equal(rig.fake.requests.length, 1);
});

Deno.test("the silence ends when its time has come", async () => {
  await using rig = await startClientRig();
  rig.fake.faults.add({ action: tooManyRequests(0) });
  assert.equal((await failure(rig.client.users.me())).kind, "rateLimited");
  assert.equal((await rig.client.users.me()).username, "admin");
});

for (const retryAfter of [60, null]) {
  const named = retryAfter === null ? "without naming a time" : "for a minute";
  Deno.test(`a deployment that limits every path ${named} gets two requests, however many calls are made`, async () => {
    await using rig = await startClientRig();
    rig.fake.faults.rateLimit(retryAfter);
    for (let index = 0; index < 30; index++) {
      await failure(rig.client.users.me());
      await failure(rig.client.organizations.list());
      await failure(rig.client.licenses.list());
      await failure(rig.client.system.buildInfo());
    }
    assert.equal(rig.fake.requests.length, 2);
  });
}

Deno.test("the request budget holds a hot loop back", async () => {
  await using rig = await startClientRig({ budget: { perMinute: 1, burst: 5 }, timeoutMs: 20_000 });
  const outcomes = await Promise.allSettled(Array.from({ length: 200 }, () => rig.client.users.me()));
  assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 5);
  assert.equal(rig.fake.requests.length, 5);
  const held = outcomes.find((one) => one.status === "rejected") as PromiseRejectedResult;
  assert.match(held.reason.message, /request budget of this deployment is used up; there is room in \d+ s/);
});

Deno.test("a call that its caller ended before or while it ran is aborted, and not counted as trouble", async () => {
  await using rig = await startClientRig();
  const before = await failure(rig.client.users.me({ signal: AbortSignal.abort(new Error("enough")) }));
  assert.equal(before.kind, "aborted");
  assert.equal((before.cause as Error).message, "enough");
  assert.equal(rig.fake.requests.length, 0);
  rig.fake.faults.add({ action: { do: "hang" } });
  const giveUp = new AbortController();
  const running = failure(rig.client.users.me({ signal: giveUp.signal }));
  setTimeout(() => giveUp.abort(new Error("later")), 20);
  const error = await running;
  assert.ok(error instanceof CoderConnectionError);
  assert.equal(error.kind, "aborted");
});

Deno.test("a call that nobody answers says what, where and what to do", async () => {
  await using rig = await startClientRig();
  rig.fake.faults.add({ action: { do: "hang" } });
  const late = await failure(rig.client.users.me({ timeoutMs: 30 }));
  assert.equal(late.kind, "unavailable");
  assert.equal(late.reason, "timeout");
  assert.match(
    late.message,
    /^GET \/api\/v2\/users\/me at http:\/\/127\.0\.0\.1:\d+: no answer within \d+ ms\. Check that Coder runs/,
  );
  assert.equal(await rig.sample("coder_k8s_coder_requests_total", { code: "<error>" }), 1);
});

Deno.test("a lost answer to a write says that it may have happened", async () => {
  await using rig = await startClientRig();
  rig.fake.faults.add({ method: "POST", action: { do: "loseAnswer" } });
  const lost = await failure(rig.client.tokens.create("me", { name: "a" }));
  assert.equal(mayHaveHappened(lost), true);
  assert.notEqual(await rig.client.tokens.findByName("me", "a"), undefined);
  await rig.fake.stop();
  assert.equal(mayHaveHappened(await failure(rig.client.tokens.create("me", { name: "b" }))), false);
});

Deno.test("an answer that is too large is a bad response", async () => {
  const { transport } = scripted({ status: 200 });
  const { TransportFailure } = await import("./transport_failure.ts");
  const call = createCaller({
    transport: {
      ...transport,
      send: () => Promise.reject(new TransportFailure("tooLarge", "too large", true)),
    },
    token: "tok",
  });
  assert.equal((await failure(call(me))).kind, "badResponse");
});

Deno.test("whatever an injected transport throws becomes one of ours", async () => {
  const { transport } = scripted({ status: 200 });
  for (const odd of [new Error("odd"), "text", null, { code: 7 }]) {
    const call = createCaller({ transport: { ...transport, send: () => Promise.reject(odd) }, token: "tok" });
    const error = await failure(call(me));
    assert.equal(error.kind, "unavailable");
    assert.equal(error.cause, undefined);
  }
});

Deno.test("one deadline covers the wait for a turn and the exchange", async () => {
  await using rig = await startClientRig({ budget: { perMinute: 600, burst: 1 } });
  rig.fake.faults.add({ skip: 1, times: Infinity, action: { do: "hang" } });
  await rig.client.users.me();
  const start = performance.now();
  const error = await failure(rig.client.users.me({ timeoutMs: 250 }));
  assert.equal(error.reason, "timeout");
  assert.ok(performance.now() - start < 30_000, `${performance.now() - start} ms`);
});

Deno.test("fifty calls at a time keep their answers apart", async () => {
  await using rig = await startClientRig();
  const names = Array.from({ length: 50 }, (_, index) => `user-${index}`);
  for (const username of names) rig.fake.state.addUser({ username, roles: [] });
  const users = await Promise.all(names.map((name) => rig.client.users.get(name)));
  assert.deepEqual(users.map(({ username }) => username), names);
});

Deno.test("a call of one's own has the same budget, errors and metrics", async () => {
  await using rig = await startClientRig();
  const schema = z.object({ version: z.string() });
  const info = await rig.client.call({
    method: "GET",
    route: "/api/v2/buildinfo",
    answer: schema,
    signedIn: false,
  });
  assert.deepEqual(info, { version: "v2.30.0+43e67d1" });
});
