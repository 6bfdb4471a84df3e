import assert from "node:assert/strict";
import type { KubeClient } from "./client.ts";
import { createReviewer, type ReviewerOptions } from "./reviews.ts";
import { ManualClock } from "./testing/manual_clock.ts";

interface Review {
  kind: string;
  spec: Record<string, unknown>;
}

/** A reviewer whose reviews are answered by `answer`, and what was asked. */
function reviewer(answer: (review: Review) => unknown, options: Partial<ReviewerOptions> = {}) {
  const asked: Review[] = [];
  const client = {
    async create(_type: unknown, review: Review) {
      asked.push(review);
      await Promise.resolve();
      return { ...review, status: answer(review) };
    },
  } as unknown as KubeClient;
  const clock = new ManualClock();
  return { asked, clock, reviews: createReviewer({ client, clock, ...options }) };
}

const jane = { username: "jane", uid: "7", groups: ["a"], extra: { scope: ["x"] } };
const readMetrics = { verb: "get", path: "/metrics" };

Deno.test("a valid token gives its user", async () => {
  const { asked, reviews } = reviewer(() => ({ authenticated: true, user: jane, audiences: ["coder"] }));
  assert.deepEqual(await reviews.authenticate("secret", { audiences: ["coder"] }), jane);
  assert.deepEqual(asked[0]?.spec, { token: "secret", audiences: ["coder"] });
  assert.equal(asked[0]?.kind, "TokenReview");
});

Deno.test("a token that is not authenticated gives nobody, and so does an answer without a name", async () => {
  const answers = [
    { authenticated: false, user: jane },
    {},
    undefined,
    { authenticated: true },
    { authenticated: true, user: { groups: ["system:masters"] } },
    { authenticated: true, user: { username: "" } },
    { authenticated: "true", user: jane },
  ];
  for (const answer of answers) {
    assert.equal(await reviewer(() => answer).reviews.authenticate("t"), undefined, JSON.stringify(answer));
  }
});

Deno.test("a token for other audiences, or for none that is named, is nobody's", async () => {
  for (const audiences of [undefined, [], ["vault"]]) {
    const { reviews } = reviewer(() => ({ authenticated: true, user: jane, audiences }));
    assert.equal(await reviews.authenticate("t", { audiences: ["coder", "mcp"] }), undefined);
  }
  const { reviews } = reviewer(() => ({ authenticated: true, user: jane, audiences: ["vault", "mcp"] }));
  assert.deepEqual(await reviews.authenticate("t", { audiences: ["coder", "mcp"] }), jane);
});

Deno.test("a user may have a name alone", async () => {
  const { reviews } = reviewer(() => ({ authenticated: true, user: { username: "bob" } }));
  assert.deepEqual(await reviews.authenticate("t"), { username: "bob" });
});

Deno.test("answers are remembered for ten seconds, by token and audience", async () => {
  const { asked, clock, reviews } = reviewer(() => ({ authenticated: true, user: jane }));
  await reviews.authenticate("a");
  await reviews.authenticate("a");
  assert.equal(asked.length, 1);
  await reviews.authenticate("b");
  await reviews.authenticate("a", { audiences: ["x"] });
  assert.equal(asked.length, 3);
  await clock.advance(10_000);
  await reviews.authenticate("a");
  assert.equal(asked.length, 4);
});

Deno.test("what a user may do at a path of ours is asked with all that is known of them", async () => {
  const { asked, reviews } = reviewer(() => ({ allowed: true, reason: "RBAC: allowed by x" }));
  assert.deepEqual(await reviews.authorize(jane, readMetrics), {
    allowed: true,
    reason: "RBAC: allowed by x",
  });
  assert.equal(asked[0]?.kind, "SubjectAccessReview");
  assert.deepEqual(asked[0]?.spec, {
    user: "jane",
    uid: "7",
    groups: ["a"],
    extra: { scope: ["x"] },
    nonResourceAttributes: { path: "/metrics", verb: "get" },
  });
});

Deno.test("what a user may do to a resource is asked with its attributes", async () => {
  const { asked, reviews } = reviewer(() => ({ allowed: false }));
  const request = { verb: "get", group: "apps", resource: "deployments", namespace: "n", name: "x" };
  assert.deepEqual(await reviews.authorize({ username: "bob" }, request), { allowed: false, reason: "" });
  assert.deepEqual(asked[0]?.spec, { user: "bob", resourceAttributes: request });
});

Deno.test("no answer, half an answer and a denial are all no", async () => {
  for (
    const status of [undefined, {}, { allowed: "yes" }, { allowed: true, denied: true }, { denied: true }]
  ) {
    const { reviews } = reviewer(() => status);
    assert.equal((await reviews.authorize(jane, readMetrics)).allowed, false, JSON.stringify(status));
  }
});

Deno.test("the reason carries the evaluation error, too", async () => {
  const { reviews } = reviewer(() => ({ allowed: false, reason: "no", evaluationError: "role missing" }));
  assert.equal((await reviews.authorize(jane, readMetrics)).reason, "no; role missing");
});

Deno.test("decisions are remembered by everything that they depend on", async () => {
  const { asked, reviews } = reviewer(() => ({ allowed: true }));
  await reviews.authorize(jane, readMetrics);
  await reviews.authorize({ ...jane }, { ...readMetrics });
  assert.equal(asked.length, 1);
  await reviews.authorize({ ...jane, groups: ["a", "b"] }, readMetrics);
  await reviews.authorize({ ...jane, uid: "8" }, readMetrics);
  await reviews.authorize({ ...jane, extra: {} }, readMetrics);
  await reviews.authorize(jane, { ...readMetrics, path: "/debug" });
  assert.equal(asked.length, 5);
});

Deno.test("equal questions at the same time are asked once, failures are not remembered", async () => {
  let fail = true;
  const { asked, reviews } = reviewer(() => {
    if (fail) throw new Error("the API server is down");
    return { allowed: true };
  });
  const answers = await Promise.allSettled(
    Array.from({ length: 3 }, () => reviews.authorize(jane, readMetrics)),
  );
  assert.deepEqual(answers.map((answer) => answer.status), ["rejected", "rejected", "rejected"]);
  assert.equal(asked.length, 1);
  fail = false;
  assert.equal((await reviews.authorize(jane, readMetrics)).allowed, true);
});

Deno.test("one caller's abort does not take the answer from the others", async () => {
  const { asked, reviews } = reviewer(() => ({ allowed: true }));
  const abort = new AbortController();
  const first = reviews.authorize(jane, readMetrics, { signal: abort.signal });
  const second = reviews.authorize(jane, readMetrics, { signal: new AbortController().signal });
  abort.abort(new Error("client left"));
  await assert.rejects(first, /client left/);
  assert.equal((await second).allowed, true);
  assert.equal(asked.length, 1);
  await assert.rejects(reviews.authenticate("t", { signal: abort.signal }), /client left/);
});

Deno.test("memory is bounded, and can be turned off", async () => {
  const small = reviewer(() => ({ allowed: true }), { maxEntries: 2 });
  for (const path of ["/1", "/2", "/3", "/1"]) await small.reviews.authorize(jane, { verb: "get", path });
  assert.equal(small.asked.length, 4);
  await small.reviews.authorize(jane, { verb: "get", path: "/3" });
  assert.equal(small.asked.length, 4);
  const none = reviewer(() => ({ allowed: true }), { ttlMs: 0 });
  await none.reviews.authorize(jane, readMetrics);
  await none.reviews.authorize(jane, readMetrics);
  assert.equal(none.asked.length, 2);
});

Deno.test("what we ourselves may do is asked every time", async () => {
  const { asked, reviews } = reviewer(() => ({ allowed: true }));
  const request = { verb: "watch", resource: "secrets" };
  assert.equal((await reviews.authorizeSelf(request)).allowed, true);
  await reviews.authorizeSelf(request);
  assert.equal(asked.length, 2);
  assert.equal(asked[0]?.kind, "SelfSubjectAccessReview");
  assert.deepEqual(asked[0]?.spec, { resourceAttributes: request });
});
