import assert from "node:assert/strict";
import type { Authentication, Authorization } from "../../../identity/mod.ts";
import type { AccessRequest } from "../../../kube/reviews.ts";
import { StatusError } from "../status_errors.ts";
import { exchangeOf, JANE } from "../testing/exchanges.ts";
import { accessRequestOf, authenticationFilter, authorizationFilter, userOf } from "./identity_filters.ts";
import type { ResourceInfo } from "../request_info.ts";

const ROOT = "/apis/gadgets.coder.test/v1alpha1";
const answered = () => Promise.resolve({ code: 200 });

async function refusedBy(promise: Promise<unknown>): Promise<StatusError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof StatusError, String(error));
    return error;
  }
  return assert.fail("it was let through");
}

Deno.test("who calls is known to what comes behind", async () => {
  const exchange = exchangeOf({ user: undefined as never });
  const answer: Authentication = { kind: "user", user: JANE, method: "token" };
  await authenticationFilter(() => Promise.resolve(answer))(exchange, (behind) => {
    assert.equal(userOf(behind), JANE);
    return answered();
  });
});

Deno.test("a proof that is not accepted is refused before anything else is looked at", async () => {
  const refusal = { code: 401, reason: "Unauthorized", message: "no", closeConnection: true } as const;
  const filter = authenticationFilter(() => Promise.resolve({ kind: "refused", refusal }));
  const error = await refusedBy(filter(exchangeOf(), () => assert.fail("it went on")));
  assert.deepEqual([error.code, error.reason, error.message, error.closeConnection], [
    401,
    "Unauthorized",
    "no",
    true,
  ]);
});

Deno.test("nobody is somebody without having been authenticated", () => {
  assert.throws(() => userOf({ user: undefined }), /has not been authenticated/);
});

Deno.test("what is reviewed is what is asked for, part by part", () => {
  const ask = (method: string, target: string) =>
    accessRequestOf(exchangeOf({ method, target }).info as ResourceInfo);
  const common = { group: "gadgets.coder.test", version: "v1alpha1", resource: "gadgets" };
  const cases: [string, string, AccessRequest][] = [
    ["GET", "/namespaces/n/gadgets/a", { verb: "get", ...common, namespace: "n", name: "a" }],
    ["GET", "/namespaces/n/gadgets/a/log", {
      verb: "get",
      ...common,
      subresource: "log",
      namespace: "n",
      name: "a",
    }],
    ["GET", "/namespaces/n/gadgets", { verb: "list", ...common, namespace: "n" }],
    ["GET", "/gadgets?watch=1", { verb: "watch", ...common }],
    ["GET", "/watch/gadgets", { verb: "watch", ...common }],
    ["POST", "/namespaces/n/gadgets", { verb: "create", ...common, namespace: "n" }],
    ["DELETE", "/namespaces/n/gadgets", { verb: "deletecollection", ...common, namespace: "n" }],
    ["GET", "/namespaces/n/gadgets?fieldSelector=metadata.name%3Da", {
      verb: "list",
      ...common,
      namespace: "n",
      name: "a",
    }],
  ];
  for (const [method, path, expected] of cases) assert.deepEqual(ask(method, ROOT + path), expected, path);
  assert.deepEqual(accessRequestOf(exchangeOf({ target: "/metrics?x=1" }).info as never), {
    verb: "get",
    path: "/metrics",
  });
});

Deno.test("who may is let through, who may not is told what", async () => {
  const decide = (answer: Authorization) =>
    authorizationFilter(() => Promise.resolve(answer))(exchangeOf(), answered);
  assert.deepEqual(await decide({ allowed: true, reason: "" }), { code: 200 });
  const no = await refusedBy(
    decide({ allowed: false, refusal: { code: 403, reason: "Forbidden", message: "x" } }),
  );
  assert.match(
    no.message,
    /^gadgets\.gadgets\.coder\.test "a" is forbidden: User "jane" cannot get resource "gadgets"/,
  );
  const unknown = await refusedBy(
    decide({ allowed: false, refusal: { code: 401, reason: "Unauthorized", message: "who?" } }),
  );
  assert.deepEqual([unknown.code, unknown.message], [401, "who?"]);
  const later = await refusedBy(decide({
    allowed: false,
    refusal: { code: 503, reason: "ServiceUnavailable", message: "later", retryAfterSeconds: 4 },
  }));
  assert.deepEqual([later.code, later.details], [503, { retryAfterSeconds: 4 }]);
});

Deno.test("a request that is none is refused without asking anybody", async () => {
  const exchange = exchangeOf({ target: `${ROOT}/namespaces/n/gadgets/a%2Fb` });
  const filter = authorizationFilter(() => assert.fail("somebody was asked"));
  assert.equal((await refusedBy(filter(exchange, answered))).code, 400);
});
