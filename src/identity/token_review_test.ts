import assert from "node:assert/strict";
import { KubeApiError, KubeConnectionError } from "../kube/errors.ts";
import { ManualClock } from "../kube/testing/manual_clock.ts";
import { PassingRefusalError } from "./passing_refusal.ts";
import { type Asked, reviewingClient } from "./testing/reviews.ts";
import { createTokenReviewer, type TokenReviewerOptions } from "./token_review.ts";

const jane = { username: "jane", uid: "7", groups: ["dev"], extra: { scopes: ["view"] } };

function rig(answer: (review: Asked) => unknown, options: Partial<TokenReviewerOptions> = {}) {
  const clock = new ManualClock();
  const { client, asked } = reviewingClient(answer);
  return { clock, asked, review: createTokenReviewer({ client, clock, ...options }) };
}

Deno.test("a valid token is its user's", async () => {
  const { asked, review } = rig(() => ({ authenticated: true, user: jane }));
  assert.deepEqual(await review("secret"), {
    name: "jane",
    uid: "7",
    groups: ["dev"],
    extra: { scopes: ["view"] },
  });
  assert.deepEqual(asked, [{ kind: "TokenReview", spec: { token: "secret" }, timeoutMs: 10_000 }]);
});

Deno.test("what the API server leaves out, or says as null, is empty", async () => {
  for (const rest of [{}, { uid: "", groups: null, extra: null }, { extra: { scopes: null } }]) {
    const { review } = rig(() => ({ authenticated: true, user: { username: "bob", ...rest } }));
    const user = await review("t");
    assert.deepEqual([user?.name, user?.uid, user?.groups], ["bob", undefined, []]);
  }
});

Deno.test("a token that is not valid, or for others, is nobody's", async () => {
  const answers = [{}, { authenticated: false }, { authenticated: false, error: "expired" }, {
    authenticated: true,
  }];
  for (const answer of answers) assert.equal(await rig(() => answer).review("t"), undefined);
  const other = rig(() => ({ authenticated: true, user: jane, audiences: ["vault"] }), {
    audiences: ["coder"],
  });
  assert.equal(await other.review("t"), undefined);
  assert.deepEqual(other.asked[0]?.spec.audiences, ["coder"]);
});

Deno.test("a user of no sensible shape is an error, not a user", async () => {
  for (const rest of [{ groups: "system:masters" }, { groups: [7] }, { extra: { a: "b" } }, { uid: 7 }]) {
    const { review } = rig(() => ({ authenticated: true, user: { username: "bob", ...rest } }));
    await assert.rejects(review("t"), JSON.stringify(rest));
  }
});

Deno.test("users and refusals are remembered for their own times, by token", async () => {
  const { clock, asked, review } = rig(
    ({ spec }) => ({ authenticated: spec.token === "good", user: jane }),
    { goodMs: 10_000, badMs: 4_000 },
  );
  const ask = async (...tokens: string[]) => {
    const before = asked.length;
    for (const token of tokens) await review(token);
    return asked.length - before;
  };
  assert.equal(await ask("good", "bad", "good", "bad"), 2);
  await clock.advance(4_000);
  assert.equal(await ask("good", "bad"), 1);
  await clock.advance(6_000);
  assert.equal(await ask("good"), 1);
  assert.equal(await ask("good "), 1, "every character counts");
});

Deno.test("a failure is not remembered, and reaches the caller as it is", async () => {
  const down = new KubeConnectionError("down", { method: "POST", path: "/" });
  let fail = true;
  const { asked, review } = rig(() => {
    if (fail) throw down;
    return { authenticated: true, user: jane };
  });
  await assert.rejects(review("t"), (error) => error === down);
  fail = false;
  assert.equal((await review("t"))?.name, "jane");
  assert.equal(asked.length, 2);
});

Deno.test("a flood of junk tokens does not drive out users", async () => {
  const { asked, review } = rig(({ spec }) => ({ authenticated: spec.token === "good", user: jane }), {
    maxGood: 1,
  });
  await review("good");
  for (let index = 0; index < 3_000; index++) await review(`junk ${index}`);
  const before = asked.length;
  await review("good");
  assert.equal(asked.length, before);
});

Deno.test("who leaves does not take the answer from the others", async () => {
  const gate = Promise.withResolvers<void>();
  const { asked, review } = rig(async () => {
    await gate.promise;
    return { authenticated: true, user: jane };
  });
  const abort = new AbortController();
  const first = review("t", abort.signal);
  const second = review("t");
  abort.abort(new Error("client left"));
  await assert.rejects(first, /client left/);
  gate.resolve();
  assert.equal((await second)?.name, "jane");
  assert.equal(asked.length, 1);
});

Deno.test("an API server that has just begun refuses reviews for a moment, and that is said", async () => {
  let isNew = false;
  const { review } = rig(() => {
    if (isNew) throw new KubeApiError(401, "Unauthorized", "no", { method: "POST", path: "/" });
    return { authenticated: true, user: jane };
  });
  await review("one");
  isNew = true;
  await assert.rejects(review("two"), PassingRefusalError);
});
