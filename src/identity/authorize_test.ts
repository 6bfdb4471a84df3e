import assert from "node:assert/strict";
import { KubeApiError, KubeConnectionError } from "../kube/errors.ts";
import type { AccessRequest } from "../kube/reviews.ts";
import { CountingMetrics } from "../kube/testing/counting_metrics.ts";
import { ManualClock } from "../kube/testing/manual_clock.ts";
import { recordingLogger } from "../kube/testing/recording_logger.ts";
import { type Authorization, type AuthorizerOptions, createAuthorizer } from "./authorize.ts";
import { type Asked, reviewingClient } from "./testing/reviews.ts";
import { ANONYMOUS, type KubeUser } from "./user.ts";

const jane: KubeUser = { name: "jane", uid: "7", groups: ["dev"], extra: { scopes: ["view"] } };
const group = "aggregation.coder.com";
const read: AccessRequest = {
  verb: "get",
  group,
  version: "v1alpha1",
  resource: "coderworkspaces",
  namespace: "team",
  name: "acme.jane.box",
};

function rig(answer: (review: Asked) => unknown, options: Partial<AuthorizerOptions> = {}) {
  const clock = new ManualClock();
  const { client, asked } = reviewingClient(answer);
  const { logger, lines } = recordingLogger();
  const authorize = createAuthorizer({ client, clock, log: logger, ...options });
  return { clock, asked, lines, authorize };
}

function refusalOf(answer: Authorization) {
  assert.ok(!answer.allowed);
  return answer.refusal;
}

Deno.test("the API server decides about everybody and everything, with all that is known", async () => {
  const { asked, authorize } = rig(() => ({ allowed: true, reason: "RBAC" }));
  assert.deepEqual(await authorize(jane, read), { allowed: true, reason: "RBAC" });
  assert.deepEqual({ ...asked[0] }, {
    kind: "SubjectAccessReview",
    timeoutMs: 10_000,
    spec: { user: "jane", uid: "7", groups: ["dev"], extra: { scopes: ["view"] }, resourceAttributes: read },
  });
  await authorize(jane, { verb: "get", path: "/metrics" });
  assert.deepEqual(asked[1]?.spec.nonResourceAttributes, { verb: "get", path: "/metrics" });
});

Deno.test("no is 403 that says who may not do what and where", async () => {
  const { authorize } = rig(() => ({ allowed: false }));
  const cases: [AccessRequest, string][] = [
    [read, 'get coderworkspaces.aggregation.coder.com "acme.jane.box" in namespace "team"'],
    [
      { verb: "get", group, resource: "coderworkspaces", subresource: "log", namespace: "team", name: "x" },
      'get coderworkspaces/log.aggregation.coder.com "x" in namespace "team"',
    ],
    [{ verb: "list", resource: "pods" }, "list pods in all namespaces"],
    [{ verb: "get", path: "/metrics" }, "get /metrics"],
  ];
  for (const [request, deed] of cases) {
    const { code, reason, message } = refusalOf(await authorize(jane, request));
    assert.deepEqual([code, reason, message], [403, "Forbidden", `user "jane" may not ${deed}`]);
  }
  const { authorize: explained } = rig(() => ({ allowed: false, reason: "no role", evaluationError: "x" }));
  assert.match(refusalOf(await explained(jane, read)).message, /in namespace "team": no role; x$/);
});

Deno.test("half an answer and a contradiction are no", async () => {
  for (const status of [undefined, {}, { allowed: "yes" }, { allowed: true, denied: true }]) {
    assert.equal(refusalOf(await rig(() => status).authorize(jane, read)).code, 403);
  }
});

Deno.test("members of system:masters may do everything, and nobody is asked", async () => {
  const { asked, authorize } = rig(() => ({ allowed: false }));
  const admin = { ...jane, groups: ["dev", "system:masters"] };
  assert.equal((await authorize(admin, read)).allowed, true);
  assert.equal((await authorize(admin, { verb: "get", path: "/metrics" })).allowed, true);
  assert.equal(asked.length, 0);
  assert.equal((await authorize({ ...jane, groups: ["system:master", "masters"] }, read)).allowed, false);
  const none = rig(() => ({ allowed: false }), { allowedGroups: [] });
  assert.equal((await none.authorize(admin, read)).allowed, false, "can be turned off");
});

Deno.test("health and discovery are open to everybody, for reading, and nobody is asked", async () => {
  const { asked, authorize } = rig(() => ({ allowed: false }));
  for (
    const path of [
      "/healthz",
      "/livez",
      "/readyz",
      "/apis",
      `/apis/${group}/v1alpha1`,
      "/openapi/v2",
      "/version",
    ]
  ) {
    for (const verb of ["get", "head"]) {
      assert.equal((await authorize(ANONYMOUS, { verb, path })).allowed, true, path);
      assert.equal((await authorize(jane, { verb, path })).allowed, true, path);
    }
    assert.equal(refusalOf(await authorize(ANONYMOUS, { verb: "put", path })).code, 401);
  }
  assert.equal(asked.length, 0);
});

Deno.test("anonymous callers get 401 for everything else, whatever roles say", async () => {
  const { asked, authorize } = rig(() => ({ allowed: true }));
  const proxied = { name: "system:anonymous", groups: ["system:unauthenticated"], extra: {} };
  const masked = { name: "jane", groups: ["system:unauthenticated", "system:masters"], extra: {} };
  for (const user of [ANONYMOUS, proxied, masked]) {
    for (const request of [read, { verb: "get", path: "/metrics" }, { verb: "get", path: "/" }]) {
      const { code, reason } = refusalOf(await authorize(user, request));
      assert.deepEqual([code, reason], [401, "Unauthorized"]);
    }
  }
  assert.equal(asked.length, 0);
});

Deno.test("decisions count for ten seconds, yes and no", async () => {
  const { clock, asked, authorize } = rig(({ spec }) => ({ allowed: spec.user === "jane" }));
  const bob = { ...jane, name: "bob" };
  const both = async () => {
    await authorize(jane, read);
    await authorize(bob, read);
  };
  await both();
  await both();
  await clock.advance(9_999);
  await both();
  assert.equal(asked.length, 2);
  await clock.advance(1);
  await both();
  assert.equal(asked.length, 4);
});

Deno.test("a decision is remembered by everything that it depends on, and by nothing else", async () => {
  const { asked, authorize } = rig(() => ({ allowed: true }));
  const users: KubeUser[] = [
    jane,
    { ...jane, name: "bob" },
    { ...jane, uid: "8" },
    { name: "jane", groups: ["dev"], extra: jane.extra },
    { ...jane, groups: [] },
    { ...jane, groups: ["dev", "ops"] },
    { ...jane, extra: {} },
    { ...jane, extra: { scopes: ["view", "edit"] } },
    { ...jane, extra: { scopes: ["view"], more: [] } },
  ];
  const { name: _name, ...unnamed } = read as Extract<AccessRequest, { resource: string }>;
  const { namespace: _namespace, ...everywhere } = unnamed;
  const requests: AccessRequest[] = [
    read,
    { ...read, verb: "delete" },
    { ...read, group: "" },
    { ...read, version: "v1" },
    { ...read, resource: "codertemplates" },
    { ...read, subresource: "log" },
    { ...read, namespace: "other" },
    { ...read, name: "other" },
    unnamed,
    everywhere,
    { verb: "get", path: "/metrics" },
    { verb: "get", path: "/metrics2" },
    { verb: "put", path: "/metrics" },
  ];
  for (const user of users) for (const request of requests) await authorize(user, request);
  assert.equal(asked.length, users.length * requests.length);
  for (const user of users) for (const request of requests) await authorize({ ...user }, { ...request });
  assert.equal(asked.length, users.length * requests.length);
  const twice: KubeUser = { ...jane, extra: { b: ["1"], a: ["2"] } };
  await authorize(twice, read);
  await authorize({ ...twice, extra: { a: ["2"], b: ["1"] } }, read);
  assert.equal(asked.length, users.length * requests.length + 1, "headers come in any order");
});

Deno.test("long questions are remembered, too, and not mixed up", async () => {
  const { asked, authorize } = rig(() => ({ allowed: true }));
  const long = "x".repeat(5_000);
  for (const name of [`${long}a`, `${long}b`, `${long}a`]) await authorize(jane, { ...read, name });
  assert.equal(asked.length, 2);
});

Deno.test("equal questions at the same time are asked once", async () => {
  const { asked, authorize } = rig(() => ({ allowed: true }));
  const answers = await Promise.all(Array.from({ length: 50 }, () => authorize({ ...jane }, { ...read })));
  assert.ok(answers.every(({ allowed }) => allowed));
  assert.equal(asked.length, 1);
});

Deno.test("memory is bounded", async () => {
  const { asked, authorize } = rig(() => ({ allowed: true }), { maxAllowed: 10 });
  for (let index = 0; index < 20; index++) await authorize(jane, { ...read, name: `w${index}` });
  await authorize(jane, { ...read, name: "w19" });
  assert.equal(asked.length, 20);
  await authorize(jane, { ...read, name: "w0" });
  assert.equal(asked.length, 21);
});

Deno.test("what cannot be found out is refused: 503 where it may pass, 500 where somebody must act", async () => {
  const call = { method: "POST", path: "/apis/authorization.k8s.io/v1/subjectaccessreviews" };
  const api = (code: number) =>
    new KubeApiError(code, "", "at 10.96.0.1", call, code === 429 ? 7_000 : undefined);
  const cases: [unknown, number, number | undefined][] = [
    [new KubeConnectionError("10.96.0.1 refused", call), 503, 1],
    [api(429), 503, 7],
    [api(503), 503, 1],
    [api(403), 500, undefined],
    [new TypeError("bug"), 500, undefined],
  ];
  for (const [error, code, seconds] of cases) {
    const { authorize, lines, asked } = rig(() => {
      throw error;
    });
    const refusal = refusalOf(await authorize(jane, read));
    assert.deepEqual([refusal.code, refusal.retryAfterSeconds], [code, seconds], String(error));
    assert.match(refusal.message, /^Whether user "jane" may get coderworkspaces.* cannot be found out: /);
    assert.ok(!refusal.message.includes("10.96"));
    await authorize(jane, read);
    assert.equal(asked.length, 2, "a failure is not remembered");
    assert.equal(lines.length, 1, "and logged once in a while");
    assert.equal(lines[0]?.fields["error"], error);
  }
});

Deno.test("a caller who has left gets no answer, and the others theirs", async () => {
  const gate = Promise.withResolvers<void>();
  const { asked, authorize } = rig(async () => {
    await gate.promise;
    return { allowed: true };
  });
  const abort = new AbortController();
  const first = authorize(jane, read, abort.signal);
  const second = authorize(jane, read);
  abort.abort(new Error("client left"));
  await assert.rejects(first, /client left/);
  gate.resolve();
  assert.equal((await second).allowed, true);
  assert.equal(asked.length, 1);
});

Deno.test("what came of it is counted", async () => {
  const metrics = new CountingMetrics();
  const { authorize } = rig(({ spec }) => ({ allowed: spec.user === "jane" }), { metrics });
  await authorize(jane, read);
  await authorize(jane, read);
  await authorize({ ...jane, name: "bob" }, read);
  await authorize(ANONYMOUS, read);
  assert.equal(metrics.get("coder_k8s_authorizations_total", { result: "allowed" }), 2);
  assert.equal(metrics.get("coder_k8s_authorizations_total", { result: "403" }), 1);
  assert.equal(metrics.get("coder_k8s_authorizations_total", { result: "401" }), 1);
});

Deno.test("an API server that has just begun refuses for a moment: that is 503, and no missing right", async () => {
  const call = { method: "POST", path: "/apis/authorization.k8s.io/v1/subjectaccessreviews" };
  let isNew = false;
  const { authorize, clock } = rig(() => {
    if (isNew) throw new KubeApiError(403, "Forbidden", "RBAC: not read yet", call);
    return { allowed: true };
  });
  assert.ok((await authorize(jane, read)).allowed);
  isNew = true;
  await clock.advance(10_001);
  const passing = refusalOf(await authorize(jane, read));
  assert.deepEqual([passing.code, passing.retryAfterSeconds], [503, 1]);
  await clock.advance(15_000);
  assert.equal(refusalOf(await authorize(jane, read)).code, 500, "it does not pass");
});
