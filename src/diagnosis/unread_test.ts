import assert from "node:assert/strict";
import { CoderApiError, CoderConnectionError, type CoderErrorKind } from "../coder/mod.ts";
import { KubeApiError, KubeConnectionError } from "../kube/errors.ts";
import { isAbsent, isUnread, type Seen, valueOf } from "./seen.ts";
import { unreadOf } from "./unread.ts";

const CALL = { method: "GET", path: "/x" };
const ROUTE = { method: "GET", route: "/api/v2/x" };
const kindOf = (error: unknown) => {
  const seen = unreadOf("get x", error);
  return seen.state === "unread" ? seen.kind : seen.state;
};
const coder = (kind: CoderErrorKind) => new CoderApiError("no", { kind, call: ROUTE, status: 400 });

Deno.test("refusals of Kubernetes have their kinds, and 404 is an answer", () => {
  const kinds = [401, 403, 404, 410, 429, 500, 503, 504].map((code) =>
    kindOf(new KubeApiError(code, "", "no", CALL))
  );
  assert.deepEqual(kinds, [
    ...["unauthorized", "forbidden", "absent", "failed", "rateLimited", "unreachable", "unreachable"],
    "timeout",
  ]);
});

Deno.test("no answer of Kubernetes is told without the words of the connection", () => {
  const broken = unreadOf("get x", new KubeConnectionError("ECONNREFUSED 10.0.0.1", CALL));
  assert.deepEqual(broken, {
    state: "unread",
    what: "get x",
    kind: "unreachable",
    why: "the Kubernetes API server cannot be reached",
  });
  assert.equal(kindOf(new KubeConnectionError("late", CALL, { timedOut: true })), "timeout");
});

Deno.test("failures of Coder have their kinds", () => {
  const all: CoderErrorKind[] = ["unauthorized", "forbidden", "notFound", "unsupported", "rateLimited"];
  assert.deepEqual([...all, "unavailable" as const, "invalid" as const].map(coder).map(kindOf), [
    ...["unauthorized", "forbidden", "forbidden", "notServed", "rateLimited", "unreachable", "failed"],
  ]);
  const late = new CoderConnectionError("late", {
    kind: "unavailable",
    reason: "timeout",
    call: ROUTE,
    maybeSent: true,
  });
  assert.equal(kindOf(late), "timeout");
});

Deno.test("errors of others are known by their code, or are just told", () => {
  const coded = (code: string) => Object.assign(new Error("no"), { code });
  assert.deepEqual(
    ["forbidden", "unavailable", "timeout", "not_found", "x"].map(coded).map(kindOf),
    ["forbidden", "unreachable", "timeout", "notServed", "failed"],
  );
  assert.equal(kindOf(new DOMException("late", "TimeoutError")), "timeout");
  assert.equal(kindOf("odd"), "failed");
  const limited = new Error("Coder is busy", { cause: coder("rateLimited") });
  assert.equal(kindOf(Object.assign(limited, { code: "unavailable" })), "rateLimited");
});

Deno.test("what was seen is asked for by its state", () => {
  const seen: Seen<number> = { state: "seen", value: 1 };
  const unread = unreadOf("get x", new DOMException("late", "TimeoutError"));
  assert.deepEqual([valueOf(seen), valueOf(unread), valueOf(undefined)], [1, undefined, undefined]);
  assert.deepEqual([isAbsent({ state: "absent" }), isAbsent(seen), isAbsent(undefined)], [
    true,
    false,
    false,
  ]);
  assert.deepEqual(
    [isUnread(unread), isUnread(unread, "timeout"), isUnread(unread, "forbidden"), isUnread(seen)],
    [true, true, false, false],
  );
});
