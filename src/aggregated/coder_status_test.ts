import assert from "node:assert/strict";
import { CoderWorkspaces } from "../api/workspace.ts";
import {
  CoderApiError,
  CoderConnectionError,
  type CoderError,
  CoderNotSentError,
  CoderResponseError,
} from "../inventory/mod.ts";
import { cannotAsk, coderStatus } from "./coder_status.ts";
import { badRequest } from "./serving/status_errors.ts";

const asked = { type: CoderWorkspaces, name: "a.b.c", coder: "lab/coder" };
const call = { method: "GET", route: "/api/v2/workspaces" };
const secret = "http://10.1.2.3:8080/api/v2";

const api = (
  kind: CoderError["kind"],
  status: number,
  more: Partial<ConstructorParameters<typeof CoderApiError>[1]> = {},
) => new CoderApiError(`GET ${secret} answered ${status}`, { kind, status, call, ...more });
const connection = (reason: "timeout" | "connectionRefused") =>
  new CoderConnectionError(`GET ${secret}: ${reason}`, {
    kind: "unavailable",
    reason,
    call,
    maybeSent: false,
  });

const TABLE: readonly (readonly [string, unknown, number, string, RegExp, number?])[] = [
  [
    "400",
    api("invalid", 400, { coderMessage: "No such parameter." }),
    400,
    "BadRequest",
    /No such parameter$/,
  ],
  [
    "401 of the operator's token",
    api("unauthorized", 401),
    503,
    "ServiceUnavailable",
    /does not accept the operator's token/,
    5,
  ],
  [
    "403",
    api("forbidden", 403, { coderMessage: "Nope." }),
    403,
    "Forbidden",
    /a\.b\.c.* is forbidden: .*Nope$/,
  ],
  ["404", api("notFound", 404), 404, "NotFound", /"a\.b\.c" not found$/],
  ["410", api("notFound", 410), 404, "NotFound", /"a\.b\.c" not found$/],
  [
    "409",
    api("conflict", 409, { coderMessage: "A build is active." }),
    409,
    "Conflict",
    /A build is active$/,
  ],
  [
    "409 of a name that is taken",
    api("conflict", 409, { coderMessage: "Workspace c already exists." }),
    409,
    "AlreadyExists",
    /already exists$/,
  ],
  ["412", api("invalid", 412, { coderMessage: "Not now." }), 409, "Conflict", /another state: Not now$/],
  ["429", api("rateLimited", 429, { retryAfterMs: 41_200 }), 429, "TooManyRequests", /asks to wait$/, 42],
  ["429 without a time", api("rateLimited", 429), 429, "TooManyRequests", /asks to wait$/, 5],
  [
    "our own budget",
    new CoderNotSentError("held", { kind: "rateLimited", reason: "held", call, retryAfterMs: 100 }),
    429,
    "TooManyRequests",
    /asks to wait$/,
    1,
  ],
  ["500", api("unavailable", 500, { coderMessage: "Oh." }), 500, "InternalError", /failed: Oh$/, 5],
  [
    "a database that is away",
    api("unavailable", 500, { reason: "databaseAway" }),
    503,
    "ServiceUnavailable",
    /cannot be reached/,
    5,
  ],
  [
    "502",
    api("unavailable", 502, { retryAfterMs: 2_000 }),
    503,
    "ServiceUnavailable",
    /cannot be reached/,
    2,
  ],
  ["503", api("unavailable", 503), 503, "ServiceUnavailable", /cannot be reached/, 5],
  ["a time-out", connection("timeout"), 504, "Timeout", /did not answer in time/, 5],
  [
    "a refused connection",
    connection("connectionRefused"),
    503,
    "ServiceUnavailable",
    /cannot be reached/,
    5,
  ],
  ["a route that is missing", api("unsupported", 404), 400, "BadRequest", /has no such route/],
  [
    "nonsense",
    new CoderResponseError("users[3].id", { call, status: 200 }),
    500,
    "InternalError",
    /cannot be understood/,
  ],
  ["a mistake of ours", new TypeError(secret), 500, "InternalError", /Internal error/],
];

for (const [what, error, code, reason, message, retry] of TABLE) {
  Deno.test(`Coder's ${what} becomes ${code} ${reason}, without an address of ours`, () => {
    const { status } = coderStatus(error, { ...asked, isWrite: true });
    assert.deepEqual([status.code, status.reason, status.details?.retryAfterSeconds], [code, reason, retry]);
    assert.match(status.message, message);
    assert.equal(JSON.stringify(status).includes("10.1.2.3"), false);
    if (status.code !== 500) assert.match(JSON.stringify(status), /lab\/coder|a\.b\.c/);
  });
}

Deno.test("fields that Coder refuses are causes", () => {
  const validations = [{ field: "ttl_ms", detail: "too long" }, { field: "name", detail: "taken" }];
  const { status } = coderStatus(api("invalid", 400, { validations }), asked);
  assert.deepEqual([status.code, status.reason], [422, "Invalid"]);
  assert.deepEqual(status.details?.causes, [
    { reason: "FieldValueInvalid", message: "too long", field: "ttl_ms" },
    { reason: "FieldValueInvalid", message: "taken", field: "name" },
  ]);
});

Deno.test("who may read is not told otherwise because the operator may not", () => {
  const { status } = coderStatus(api("forbidden", 403, { coderMessage: "Nope." }), asked);
  assert.deepEqual([status.code, status.reason], [503, "ServiceUnavailable"]);
  assert.match(status.message, /Coder of lab\/coder does not allow the operator to read it$/);
});

Deno.test("a refusal that is one already stays as it is", () => {
  const refusal = badRequest("no");
  assert.equal(coderStatus(refusal, asked), refusal);
});

Deno.test("what is not known of a Coder that cannot be asked is 503, and says what is wrong", () => {
  for (
    const [error, why] of [
      [api("unauthorized", 401), /does not accept the operator's token$/],
      [api("forbidden", 403), /does not allow the operator to look$/],
      [connection("timeout"), /does not answer$/],
      [new Error(secret), /cannot be asked now$/],
    ] as const
  ) {
    const { status } = cannotAsk(error, asked);
    assert.deepEqual([status.code, status.reason, status.details?.retryAfterSeconds], [
      503,
      "ServiceUnavailable",
      1,
    ]);
    assert.match(status.message, why);
    assert.equal(status.message.includes("10.1.2.3"), false);
  }
});

Deno.test("readers are not told to wait for long: their clients wait ten times as long, and people with them", () => {
  const waits = (isWrite: boolean) =>
    [api("rateLimited", 429, { retryAfterMs: 60_000 }), api("unavailable", 502), connection("timeout")].map((
      error,
    ) => coderStatus(error, { ...asked, isWrite }).details?.retryAfterSeconds);
  assert.deepEqual(waits(false), [1, 1, 1]);
  assert.deepEqual(waits(true), [60, 5, 5]);
});
