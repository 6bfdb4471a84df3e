import assert from "node:assert/strict";
import { KubeApiError, KubeConnectionError } from "../kube/errors.ts";
import { PassingRefusalError } from "./passing_refusal.ts";
import { reviewFailure } from "./review_failure.ts";
import { BusyError } from "./review_memory.ts";

const call = { method: "POST", path: "/apis/authentication.k8s.io/v1/tokenreviews" };
const api = (code: number, retryAfterMs?: number) =>
  new KubeApiError(code, "", `https://10.96.0.1 said ${code}`, call, retryAfterMs);
const refusal = (error: unknown) => reviewFailure("TokenReview", "Who asks cannot be found out", error);

Deno.test("what may pass is 503, with the time that the API server asked for", () => {
  const cases: [unknown, number][] = [
    [new KubeConnectionError("connect 10.96.0.1:443 refused", call), 1],
    [new KubeConnectionError("deadline", call, { timedOut: true }), 1],
    [api(429, 12_000), 12],
    [api(500), 1],
    [api(503, 2_500), 3],
    [new BusyError("256"), 1],
    [new PassingRefusalError("https://10.96.0.1 said 403"), 1],
  ];
  for (const [error, seconds] of cases) {
    const { code, reason, retryAfterSeconds } = refusal(error);
    assert.deepEqual([code, reason, retryAfterSeconds], [503, "ServiceUnavailable", seconds], String(error));
  }
});

Deno.test("a right that this server lacks is 500, and the message says which", () => {
  for (const code of [401, 403]) {
    const found = refusal(api(code));
    assert.equal(found.code, 500);
    assert.match(found.message, /create tokenreviews\.authentication\.k8s\.io.*system:auth-delegator/);
  }
  const other = reviewFailure("SubjectAccessReview", "Whether", api(403));
  assert.match(other.message, /create subjectaccessreviews\.authorization\.k8s\.io/);
});

Deno.test("everything else is 500 and a hint at the log", () => {
  for (const error of [api(404), api(422), new TypeError("x is undefined"), "text", undefined]) {
    const { code, message } = refusal(error);
    assert.deepEqual([code, message], [
      500,
      "Who asks cannot be found out: the TokenReview failed; the log of this server says why",
    ]);
  }
});

Deno.test("callers are not told addresses of the cluster", () => {
  const errors = [api(403), api(500), api(404), new KubeConnectionError("connect 10.96.0.1:443", call)];
  for (const error of errors) assert.ok(!refusal(error).message.includes("10.96"), String(error));
});
