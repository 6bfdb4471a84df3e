import assert from "node:assert/strict";
import { type FakeCoder, startFakeCoder } from "./mod.ts";

const GOOD = { "Accept": "application/json", "User-Agent": "coder-k8s/1.0" };

/** Sends a request as a test wants it; `fetch` adds headers of its own, so it goes through node:http. */
async function send(
  fake: FakeCoder,
  method: string,
  path: string,
  options: { headers?: Record<string, string>; body?: string } = {},
): Promise<{ status: number; body: string; headers: Record<string, unknown> }> {
  const { request } = await import("node:http");
  return await new Promise((resolve, reject) => {
    const outgoing = request(
      new URL(path, fake.url),
      { method, headers: options.headers ?? GOOD },
      async (response) => {
        let body = "";
        for await (const chunk of response) body += String(chunk);
        resolve({ status: response.statusCode ?? 0, body, headers: response.headers });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(options.body);
  });
}

function json(body: unknown, more: Record<string, string> = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return {
    headers: { ...GOOD, "Content-Type": "application/json", "Content-Length": String(text.length), ...more },
    body: text,
  };
}

const login = { email: "admin@example.com", password: "SomePassword1!" };

Deno.test("a good request is no violation", async () => {
  await using fake = await startFakeCoder();
  const { token } = fake.state.addOwner();
  assert.equal((await send(fake, "GET", "/healthz")).status, 200);
  assert.equal((await send(fake, "POST", "/api/v2/users/login", json(login))).status, 201);
  const headers = { ...GOOD, "Coder-Session-Token": token };
  assert.equal((await send(fake, "GET", "/api/v2/users/me", { headers })).status, 200);
  fake.assertClean();
});

Deno.test("an unknown route is coderd's 404 and a violation", async () => {
  await using fake = await startFakeCoder();
  const { status, body, headers } = await send(fake, "GET", "/api/v2/nothing");
  assert.equal(status, 404);
  assert.deepEqual(JSON.parse(body), { message: "Route not found." });
  assert.equal(headers["x-coder-build-version"], "v2.30.0+43e67d1");
  assert.deepEqual(fake.violations, ["GET /api/v2/nothing: no such route"]);
  assert.throws(() => fake.assertClean());
});

Deno.test("another method of a known path is a 405 without a body and a violation", async () => {
  await using fake = await startFakeCoder();
  const { status, body } = await send(fake, "PUT", "/api/v2/users/first");
  assert.deepEqual([status, body], [405, ""]);
  assert.match(fake.violations[0] ?? "", /only GET, POST/);
});

Deno.test("empty segments match no parameter", async () => {
  await using fake = await startFakeCoder();
  assert.equal((await send(fake, "GET", "/api/v2/users/")).status, 404);
  assert.equal((await send(fake, "GET", "/api/v2/users/%zz")).status, 404);
});

const HEADERS: [string, Record<string, string>, RegExp][] = [
  ["a cookie", { ...GOOD, "Cookie": "csrf_token=x" }, /header cookie must not be sent/],
  [
    "an Authorization header",
    { ...GOOD, "Authorization": "Bearer x" },
    /header authorization must not be sent/,
  ],
  ["an Origin", { ...GOOD, "Origin": "https://x" }, /header origin must not be sent/],
  ["no Accept", { "User-Agent": "coder-k8s" }, /Accept/],
  ["another User-Agent", { ...GOOD, "User-Agent": "curl/8" }, /User-Agent/],
  [
    "a token where none is needed",
    { ...GOOD, "Coder-Session-Token": "x" },
    /token was sent where none is needed/,
  ],
  ["a type without a body", { ...GOOD, "Content-Type": "application/json" }, /Content-Type without a body/],
  ["an odd bypass header", { ...GOOD, "X-Coder-Bypass-Ratelimit": "yes" }, /Bypass-Ratelimit is not true/],
];

for (const [what, headers, violation] of HEADERS) {
  Deno.test(`${what} is a violation`, async () => {
    await using fake = await startFakeCoder();
    await send(fake, "GET", "/api/v2/buildinfo", { headers });
    assert.match(fake.violations.join(), violation);
  });
}

const BODIES: [
  string,
  ReturnType<typeof json> | { headers: Record<string, string>; body?: string },
  RegExp,
][] = [
  ["an unknown field", json({ ...login, remember: true }), /Unrecognized key/],
  ["a missing field", json({ email: login.email }), /body password/],
  ["a field of another type", json({ ...login, password: 7 }), /body password/],
  ["text that is not JSON", json("{"), /not JSON/],
  ["no body where one must be", { headers: GOOD }, /no body/],
  ["another type", json(login, { "Content-Type": "application/json; charset=utf-8" }), /Content-Type is not/],
];

for (const [what, request, violation] of BODIES) {
  Deno.test(`a body with ${what} is a violation`, async () => {
    await using fake = await startFakeCoder();
    fake.state.addOwner();
    await send(fake, "POST", "/api/v2/users/login", request);
    assert.match(fake.violations.join(), violation);
  });
}

Deno.test("a body without its length, and one where there must be none, are violations", async () => {
  await using fake = await startFakeCoder();
  const { token } = fake.state.addOwner();
  const { "Content-Length": _, ...headers } = json(login).headers as Record<string, string>;
  await send(fake, "POST", "/api/v2/users/login", {
    headers: { ...headers, "Transfer-Encoding": "chunked" },
    body: JSON.stringify(login),
  });
  assert.match(fake.violations.join(), /without Content-Length/);
  await send(fake, "POST", "/api/v2/users/logout", json({}, { "Coder-Session-Token": token }));
  assert.match(fake.violations.join(), /a body where there must be none/);
});

Deno.test("an unknown query parameter, or one that comes twice, is a violation", async () => {
  await using fake = await startFakeCoder();
  const { token } = fake.state.addOwner();
  const headers = { ...GOOD, "Coder-Session-Token": token };
  await send(fake, "GET", "/api/v2/users?page=2", { headers });
  await send(fake, "GET", "/api/v2/users?limit=2&limit=3", { headers });
  assert.deepEqual(fake.violations, [
    "GET /api/v2/users: query parameter page does not exist",
    "GET /api/v2/users: a query parameter came twice",
  ]);
});

Deno.test("a path outside the base path has no route", async () => {
  await using fake = await startFakeCoder({ basePath: "/base" });
  assert.equal((await send(fake, "GET", "/api/v2/buildinfo")).status, 404);
  assert.equal((await send(fake, "GET", "/basement/healthz")).status, 404);
  assert.equal((await send(fake, "GET", "/base/healthz")).status, 200);
});

Deno.test("every answer sets a cookie, as coderd's do, and 401s challenge", async () => {
  await using fake = await startFakeCoder();
  const { headers, status } = await send(fake, "GET", "/api/v2/users/me");
  assert.equal(status, 401);
  assert.match(String(headers["set-cookie"]), /csrf_token/);
  assert.match(String(headers["www-authenticate"]), /^Bearer/);
});

Deno.test("a proxy's token where Coder does not look at one is a violation", async () => {
  await using fake = await startFakeCoder();
  await send(fake, "GET", "/api/v2/buildinfo", { headers: { ...GOOD, "Coder-External-Proxy-Token": "a:b" } });
  assert.match(fake.violations.join(), /a proxy's token was sent where none is looked at/);
});
