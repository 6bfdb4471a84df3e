import assert from "node:assert/strict";
import { type CoderErrorKind, type CoderErrorReason, mayHaveHappened } from "./errors.ts";
import { isFromCoder, refusalOf, type RefusedCall } from "./refusal.ts";
import type { TransportAnswer } from "./transport.ts";

const call: RefusedCall = {
  method: "GET",
  route: "/api/v2/users/{user}",
  path: "/api/v2/users/bob",
  address: "http://coder.test",
  clean: (text) => text.replaceAll("SECRET", "[redacted]"),
};

function coder(status: number, body: unknown, headers: Record<string, string> = {}): TransportAnswer {
  return {
    status,
    headers: {
      "x-coder-build-version": "v2.30.0",
      "content-type": "application/json; charset=utf-8",
      ...headers,
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
  };
}

function foreign(status: number, body: string, type = "text/html"): TransportAnswer {
  return { status, headers: { "content-type": type }, body };
}

const SIGNED_OUT = "You are signed out or your session has expired. Please sign in again to continue.";
const INTERNAL = "An internal error occurred. Please try again or contact the system administrator.";

// What a real coderd was seen to say, or is documented to.
const VERDICTS: [string, number, { message: string; detail?: string }, CoderErrorKind, CoderErrorReason?][] =
  [
    [
      "no such token",
      401,
      { message: SIGNED_OUT, detail: "API key is invalid." },
      "unauthorized",
      "tokenRefused",
    ],
    [
      "another secret",
      401,
      { message: SIGNED_OUT, detail: "API key secret is invalid." },
      "unauthorized",
      "tokenRefused",
    ],
    [
      "an expired token",
      401,
      { message: SIGNED_OUT, detail: 'API key expired at "2026-01-01T00:00:00Z"' },
      "unauthorized",
      "tokenExpired",
    ],
    [
      "a token of another form",
      401,
      {
        message: SIGNED_OUT,
        detail: "Invalid API key format: incorrect amount of API key parts, expected 2",
      },
      "unauthorized",
      "tokenMalformed",
    ],
    [
      "no token",
      401,
      { message: SIGNED_OUT, detail: 'Cookie "coder_session_token" or query parameter must be provided.' },
      "unauthorized",
      "tokenMissing",
    ],
    [
      "a suspended user",
      401,
      { message: 'User is not active (status = "suspended"). Contact an admin to reactivate your account.' },
      "unauthorized",
      "userInactive",
    ],
    ["a wrong password", 401, { message: "Incorrect email or password." }, "unauthorized", "wrongPassword"],
    ["an unknown 401", 401, { message: SIGNED_OUT, detail: "provider says no" }, "unauthorized"],
    [
      "a database that is away",
      401,
      { message: INTERNAL, detail: "Internal error fetching API key by id. dial tcp: connection refused" },
      "unavailable",
      "databaseAway",
    ],
    [
      "a database that is away, in other words",
      401,
      { message: SIGNED_OUT, detail: "Internal error fetching user's roles." },
      "unavailable",
      "databaseAway",
    ],
    [
      "a licence gate",
      403,
      { message: "Workspace Proxies is a Premium feature. Contact sales!" },
      "forbidden",
      "notEntitled",
    ],
    ["an AGPL gate", 400, {
      message: "Restricting port sharing level is an enterprise feature that is not enabled.",
    }, "invalid"],
    [
      "an experiment",
      403,
      { message: "This functionality requires enabling the following experiments: oauth2" },
      "forbidden",
      "experimentOff",
    ],
    ["a missing right", 403, { message: "Forbidden." }, "forbidden"],
    [
      "a missing object",
      404,
      { message: "Resource not found or you do not have access to this resource" },
      "notFound",
    ],
    ["a missing route", 404, { message: "Route not found." }, "unsupported", "routeMissing"],
    ["a deleted workspace", 410, { message: "Workspace was deleted" }, "notFound"],
    ["an unknown user in the path", 400, {
      message: '"user" must be an existing uuid or username.',
      detail: 'queried user="bob"',
    }, "notFound"],
    ["a bad field", 400, { message: "Validation failed." }, "invalid"],
    ["an import under way", 406, { message: "The provided template version is running." }, "conflict"],
    ["a build under way", 409, { message: "A workspace build is already active." }, "conflict"],
    ["an unexpected state", 412, { message: "Job is not in the expected state." }, "conflict"],
    ["too large", 413, { message: "Too large" }, "invalid"],
    ["too many requests", 429, { message: "You've been rate limited" }, "rateLimited"],
    ["a user with workspaces", 417, { message: "You cannot delete a user that has workspaces" }, "invalid"],
    ["two writers at once", 500, {
      message: "Internal server error",
      detail:
        'execute transaction: insert workspace: pq: duplicate key value violates unique constraint "workspaces_owner_id_lower_idx"',
    }, "conflict"],
    [
      "a database that is away, as 500",
      500,
      { message: "Internal error.", detail: "dial tcp 10.0.0.1:5432: connect: connection refused" },
      "unavailable",
      "databaseAway",
    ],
    [
      "a database that starts",
      500,
      { message: "Internal error.", detail: "pq: the database system is starting up" },
      "unavailable",
      "databaseAway",
    ],
    [
      "trouble",
      500,
      { message: "Internal server error", detail: "something else" },
      "unavailable",
      "serverError",
    ],
    ["trouble without words", 503, { message: "" }, "unavailable", "serverError"],
  ];

for (const [what, status, body, kind, reason] of VERDICTS) {
  Deno.test(`${what} (${status}) is ${kind}${reason === undefined ? "" : `, ${reason}`}`, () => {
    const error = refusalOf(coder(status, body), call);
    assert.equal(error.kind, kind);
    assert.equal(error.reason, reason);
    assert.equal(error.status, status);
    assert.equal(error.coderMessage, body.message);
    assert.ok(error.message.startsWith("GET /api/v2/users/bob at http://coder.test: Coder answered"));
    if (body.message !== "") assert.ok(error.message.includes(body.message.replace(/\.$/, "")));
  });
}

Deno.test("a 405 without words is a route that this build lacks", () => {
  assert.equal(refusalOf(coder(405, ""), call).kind, "unsupported");
});

for (const status of [400, 401, 403, 404, 409, 410, 500, 502, 503]) {
  Deno.test(`a ${status} from in front of Coder says nothing about Coder`, () => {
    const error = refusalOf(foreign(status, "<html><title>Sign in</title></html>"), call);
    assert.equal(error.kind, "unavailable");
    assert.equal(error.reason, "notCoder");
    assert.match(error.message, /something in front of Coder/);
    assert.match(error.message, /an HTML page "Sign in"/);
  });
}

Deno.test("a 404 of a gateway, in JSON with a message, is not taken for Coder's", () => {
  const error = refusalOf(
    foreign(404, `{"message":"no Route matched with those values"}`, "application/json"),
    call,
  );
  assert.equal(error.kind, "unavailable");
  assert.match(error.message, /no Route matched/);
});

Deno.test("the API server's own Status is told from Coder's answers, with its words", () => {
  const status = {
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    reason: "ServiceUnavailable",
    code: 503,
    message: 'no endpoints available for service "coder"',
  };
  const error = refusalOf(foreign(503, JSON.stringify(status), "application/json"), call);
  assert.equal(error.kind, "unavailable");
  assert.match(error.message, /no endpoints available for service "coder"/);
});

Deno.test("a 429 from in front of Coder is a rate limit all the same", () => {
  const error = refusalOf(
    { ...foreign(429, "slow down", "text/plain"), headers: { "retry-after": "7" } },
    call,
  );
  assert.equal(error.kind, "rateLimited");
  assert.equal(error.retryAfterMs, 7_000);
});

Deno.test("details and field errors are part of the message", () => {
  const error = refusalOf(
    coder(400, {
      message: "Validation failed.",
      detail: "look",
      validations: [{ field: "name", detail: "taken" }, { field: "icon" }],
    }),
    call,
  );
  assert.match(error.message, /Coder answered 400: Validation failed \(look; name: taken; icon:\s?\)/);
  assert.deepEqual(error.validations, [{ field: "name", detail: "taken" }, { field: "icon", detail: "" }]);
});

Deno.test("a detail that repeats the message is said once", () => {
  const error = refusalOf(coder(409, { message: "busy", detail: "busy" }), call);
  assert.equal(error.message.match(/busy/g)?.length, 1);
});

Deno.test("bodies of no known form are no exception", () => {
  for (
    const body of [
      "",
      "null",
      "[]",
      "42",
      "{",
      `{"message":7,"validations":"x"}`,
      "plain words\nmore",
      "<html>",
    ]
  ) {
    const error = refusalOf(coder(400, body), call);
    assert.equal(error.kind, "invalid", body);
  }
  assert.equal(refusalOf(coder(428, "plain words\nmore"), call).coderMessage, "plain words");
});

Deno.test("secrets that a server repeats are taken out of every part", () => {
  const error = refusalOf(
    coder(400, {
      message: "bad SECRET",
      detail: "was SECRET",
      validations: [{ field: "SECRET", detail: "SECRET" }],
    }),
    call,
  );
  assert.doesNotMatch(
    JSON.stringify([error.message, error.coderMessage, error.detail, error.validations]),
    /SECRET/,
  );
  assert.doesNotMatch(refusalOf(foreign(500, "<title>SECRET</title>"), call).message, /SECRET/);
  assert.doesNotMatch(refusalOf(foreign(500, "SECRET", "text/plain"), call).message, /SECRET/);
});

Deno.test("endless texts and lists are cut", () => {
  const validations = Array.from({ length: 500 }, () => ({ field: "f".repeat(5_000), detail: "d" }));
  const error = refusalOf(coder(400, { message: "m".repeat(100_000), validations }), call);
  assert.ok(error.message.length < 30_000, `${error.message.length}`);
  assert.equal(error.validations.length, 20);
});

Deno.test("the header alone shows who answers", () => {
  assert.equal(isFromCoder(coder(200, {})), true);
  assert.equal(isFromCoder(foreign(200, "{}")), false);
});

Deno.test("a version that is archived is no trouble of Coder's, although it answers 500", () => {
  const message = "Archived template versions cannot be used to make a workspace.";
  const error = refusalOf(coder(500, { message }), call);
  assert.deepEqual([error.kind, error.reason], ["invalid", undefined]);
  assert.equal(mayHaveHappened(error), false);
});

Deno.test("what the database's own check of rights refuses is forbidden, although it answers 500", () => {
  const message =
    "Internal error creating template version: insert template version: unauthorized: rbac: forbidden";
  for (const body of [{ message }, { message: "Internal error.", detail: message }]) {
    assert.equal(refusalOf(coder(500, body), call).kind, "forbidden");
  }
});
