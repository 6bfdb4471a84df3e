import assert from "node:assert/strict";
import { KubeApiError, KubeConnectionError } from "../errors.ts";
import {
  describeTrouble,
  type FailureKind,
  failureOf,
  missingText,
  SilentWatchError,
  watchLineError,
} from "./reflector_failure.ts";
import { Widgets } from "../testing/objects.ts";

const call = { method: "GET", path: "/apis/example.com/v1/widgets" };
const refused = (code: number, reason = "", retryAfterMs?: number) =>
  new KubeApiError(code, reason, `said ${code}`, call, retryAfterMs);

const kinds: [error: unknown, kind: FailureKind][] = [
  [refused(410, "Gone"), "expired"],
  [refused(410, "Expired"), "expired"],
  [refused(410), "expired"],
  [refused(400, "Expired"), "expired"],
  [refused(401, "Unauthorized"), "unauthorized"],
  [refused(403, "Forbidden"), "forbidden"],
  [refused(404, "NotFound"), "missing"],
  [refused(429, "TooManyRequests"), "throttled"],
  [refused(400, "BadRequest"), "refused"],
  [refused(422, "Invalid"), "refused"],
  [refused(500, "InternalError"), "unavailable"],
  [refused(503, "ServiceUnavailable"), "unavailable"],
  [refused(504, "Timeout"), "unavailable"],
  [new KubeConnectionError("reset", call), "connection"],
  [new TypeError("odd"), "connection"],
  ["text", "connection"],
  [new SilentWatchError("silent", "stalled"), "stalled"],
  [new SilentWatchError("silent", "quiet"), "quiet"],
];

for (const [error, kind] of kinds) {
  Deno.test(`${error} counts as ${kind}`, () => assert.equal(failureOf(error).kind, kind));
}

Deno.test("a failure keeps the message and the wait that the server asked for", () => {
  assert.deepEqual(failureOf(refused(429, "TooManyRequests", 3000)), {
    kind: "throttled",
    message: "said 429",
    retryAfterMs: 3000,
  });
  assert.equal(failureOf("just text").message, "just text");
});

Deno.test("an ERROR line becomes the refusal that its Status says", () => {
  const error = watchLineError(
    {
      kind: "Status",
      code: 410,
      reason: "Expired",
      message: "too old resource version",
      details: { retryAfterSeconds: 2 },
    },
    call.path,
  ) as KubeApiError;
  assert.equal(error.code, 410);
  assert.equal(error.reason, "Expired");
  assert.equal(error.retryAfterMs, 2000);
  assert.match(error.message, /too old resource version/);
  assert.equal(failureOf(error).kind, "expired");
});

Deno.test("an ERROR line with half a Status is read as far as it goes", () => {
  const error = watchLineError(
    { code: 500, reason: 7, message: null, details: "none" },
    call.path,
  ) as KubeApiError;
  assert.deepEqual([error.code, error.reason, error.retryAfterMs], [500, "", undefined]);
  assert.match(error.message, /code 500/);
});

Deno.test("an ERROR line that is no Status is a broken stream", () => {
  for (const object of [undefined, null, "text", {}, { code: "410" }]) {
    assert.equal(failureOf(watchLineError(object, call.path)).kind, "connection", JSON.stringify(object));
  }
});

Deno.test("forbidden names verbs, resource, namespace and the rule to add", () => {
  const trouble = describeTrouble(failureOf(refused(403, "Forbidden")), Widgets, { namespace: "team-a" });
  assert.equal(
    trouble,
    'May not list and watch widgets.example.com in namespace "team-a": said 403. Add to a Role in namespace "team-a" ' +
      'bound to this identity: {apiGroups: ["example.com"], resources: ["widgets"], verbs: ["get", "list", "watch"]}',
  );
});

Deno.test("forbidden for all namespaces asks for a ClusterRole", () => {
  const trouble = describeTrouble(failureOf(refused(403, "Forbidden")), Widgets, {});
  assert.match(trouble, /widgets\.example\.com in all namespaces: .* Add to a ClusterRole/);
});

Deno.test("a kind that is not served names the CRD to install; one without a dotted group names the API", () => {
  assert.match(
    missingText(Widgets),
    /^CRD widgets\.example\.com is not installed, or does not serve v1: install it/,
  );
  assert.equal(describeTrouble(failureOf(refused(404, "NotFound")), Widgets, {}), missingText(Widgets));
  assert.equal(
    missingText({ ...Widgets, group: "apps", plural: "deployments" }),
    "The API server does not serve deployments.apps (apps/v1)",
  );
});

Deno.test("silence and everything else say what cannot be done, and where", () => {
  const silent = describeTrouble(failureOf(new SilentWatchError("x", "stalled")), Widgets, {
    namespace: "a",
  });
  assert.match(silent, /watch of widgets\.example\.com in namespace "a" went silent/);
  const broken = describeTrouble(failureOf(new KubeConnectionError("reset", call)), {
    ...Widgets,
    namespaced: false,
  }, {});
  assert.equal(broken, "Cannot list and watch widgets.example.com in the cluster: reset");
});
