import assert from "node:assert/strict";
import type { Failure, FailureKind } from "./reflector_failure.ts";
import {
  initialState,
  type Input,
  type Phase,
  type ReflectorState,
  step,
  type StepOptions,
} from "./reflector_state.ts";
import { seededRandom } from "../testing/objects.ts";

const options: StepOptions = { random: () => 0.5 };
const failure = (kind: FailureKind, retryAfterMs?: number): Failure => ({
  kind,
  message: kind,
  retryAfterMs,
});
const failed = (kind: FailureKind, livedMs = 0): Input => ({
  type: "failed",
  failure: failure(kind),
  livedMs,
});
const page = (continueToken?: string): Input => ({ type: "page", resourceVersion: "rv-list", continueToken });
const start: Input = { type: "start" };
const waited: Input = { type: "waited" };

/** Feeds inputs one after the other. */
function after(state: ReflectorState, ...inputs: Input[]): ReflectorState {
  return inputs.reduce((at, input) => step(at, input, options), state);
}

const watchListing = after(initialState(true), start);
const listing = after(initialState(false), start);
const watching = after(listing, page());

Deno.test("it begins with a WatchList, or with the first page where there is none", () => {
  assert.deepEqual(watchListing.phase, { name: "initialWatch" });
  assert.deepEqual(listing.phase, { name: "initPage", continueToken: undefined, paged: true });
});

Deno.test("pages follow each other by their tokens, and the last one leads to the watch", () => {
  const second = after(listing, page("token-2"));
  assert.deepEqual(second.phase, { name: "initPage", continueToken: "token-2", paged: true });
  const third = after(second, page("token-3"));
  assert.deepEqual(third.phase, { name: "initPage", continueToken: "token-3", paged: true });
  assert.deepEqual(after(third, page()).phase, { name: "watching", resourceVersion: "rv-list" });
});

Deno.test("an expired continue token restarts at once with a list that cannot expire", () => {
  const state = after(listing, page("token-2"), failed("expired"));
  assert.deepEqual(state.phase, { name: "initPage", continueToken: undefined, paged: false });
});

Deno.test("a page that fails is asked for again after a pause", () => {
  const state = after(listing, page("token-2"), failed("connection"));
  assert.deepEqual(state.phase, {
    name: "backoff",
    waitMs: 800,
    then: { name: "initPage", continueToken: "token-2", paged: true },
  });
  assert.deepEqual(after(state, waited).phase, { name: "initPage", continueToken: "token-2", paged: true });
});

Deno.test("a first page that is called expired starts over after a pause", () => {
  const state = after(listing, failed("expired"));
  assert.deepEqual(state.phase, { name: "backoff", waitMs: 800, then: { name: "empty" } });
});

Deno.test("the end of the initial events leads to the watch", () => {
  const state = after(watchListing, { type: "initialEnd", resourceVersion: "rv-1" });
  assert.deepEqual(state.phase, { name: "watching", resourceVersion: "rv-1" });
});

for (const kind of ["refused", "quiet"] as const) {
  Deno.test(`a WatchList that is ${kind} gives way to a list at once, and is not tried again`, () => {
    const state = after(watchListing, failed(kind));
    assert.deepEqual(state.phase, { name: "initPage", continueToken: undefined, paged: true });
    const later = after(state, page(), failed("expired"));
    assert.equal(later.phase.name, "initPage");
  });
}

Deno.test("a WatchList that ends early or breaks is tried again, and listed the third time", () => {
  const once = after(watchListing, failed("unavailable"));
  assert.deepEqual(once.phase, { name: "backoff", waitMs: 800, then: { name: "empty" } });
  const twice = after(once, waited, { type: "ended", livedMs: 5000 });
  assert.equal(twice.phase.name, "backoff");
  assert.equal(after(twice, waited).phase.name, "initialWatch");
  const thrice = after(twice, waited, failed("connection"), waited);
  assert.equal(thrice.phase.name, "initPage");
  const healthy = after(thrice, page(), { type: "ended", livedMs: 60_000 }, failed("expired"));
  assert.equal(healthy.phase.name, "initialWatch", "the server is not held to be without WatchList");
});

Deno.test("events and bookmarks move the resource version on", () => {
  const state = after(watching, { type: "progress", resourceVersion: "rv-2" });
  assert.deepEqual(state.phase, { name: "watching", resourceVersion: "rv-2" });
});

Deno.test("a watch that the server closes after its time is opened again at once, from where it stood", () => {
  const state = after(watching, { type: "progress", resourceVersion: "rv-2" }, {
    type: "ended",
    livedMs: 1000,
  });
  assert.deepEqual(state.phase, { name: "watching", resourceVersion: "rv-2" });
});

Deno.test("a watch that the server closes at once is opened again after growing pauses", () => {
  const once = after(watching, { type: "ended", livedMs: 999 });
  assert.deepEqual(once.phase, {
    name: "backoff",
    waitMs: 800,
    then: { name: "watching", resourceVersion: "rv-list" },
  });
  const twice = after(once, waited, { type: "ended", livedMs: 10 });
  assert.equal(twice.phase.name === "backoff" && twice.phase.waitMs, 1600);
});

Deno.test("410 lists again at once the first time, and with pauses where it repeats", () => {
  const once = after(watching, failed("expired"));
  assert.equal(once.phase.name, "initPage");
  const twice = after(once, page(), failed("expired"));
  assert.deepEqual(twice.phase, { name: "backoff", waitMs: 1600, then: { name: "empty" } });
  assert.equal(after(twice, waited).phase.name, "initPage");
});

Deno.test("an API server that was away, and has forgotten when it is back, is listed at once for all its absence", () => {
  const away = after(
    watching,
    failed("connection"),
    waited,
    failed("connection"),
    waited,
    failed("connection"),
    waited,
  );
  const back = after(away, failed("expired"));
  assert.equal(back.phase.name, "initPage");
  const again = after(back, page(), failed("expired"));
  assert.equal(again.phase.name, "backoff", "but once");
  const fine = after(back, page(), { type: "progress", resourceVersion: "rv-9" }, failed("expired"));
  assert.equal(fine.phase.name, "initPage", "what has told something since may expire anew");
});

Deno.test("a stalled watch is opened again at once, from where it stood", () => {
  const state = after(watching, failed("stalled", 90_000));
  assert.deepEqual(state.phase, { name: "watching", resourceVersion: "rv-list" });
});

for (const kind of ["connection", "unavailable", "throttled", "forbidden", "unauthorized"] as const) {
  Deno.test(`${kind} waits and resumes from the last resource version`, () => {
    const state = after(watching, { type: "progress", resourceVersion: "rv-2" }, failed(kind));
    assert.deepEqual(state.phase, {
      name: "backoff",
      waitMs: 800,
      then: { name: "watching", resourceVersion: "rv-2" },
    });
    assert.deepEqual(after(state, waited).phase, { name: "watching", resourceVersion: "rv-2" });
  });
}

Deno.test("pauses grow with every failure in a row, up to the limit", () => {
  let state = watching;
  const waits: number[] = [];
  for (let failures = 0; failures < 7; failures++) {
    state = after(state, failed("forbidden"));
    if (state.phase.name === "backoff") waits.push(state.phase.waitMs);
    state = after(state, waited);
  }
  assert.deepEqual(waits, [800, 1600, 3200, 6400, 12_800, 25_600, 30_000]);
});

Deno.test("a healthy watch clears the record", () => {
  const state = after(
    watching,
    failed("connection"),
    waited,
    failed("connection"),
    waited,
    failed("connection", 10_000),
  );
  assert.equal(state.phase.name === "backoff" && state.phase.waitMs, 800);
  assert.equal(state.memory.failures, 1);
});

Deno.test("an unhealthy one does not", () => {
  const state = after(watching, failed("connection"), waited, failed("connection", 9_999));
  assert.equal(state.phase.name === "backoff" && state.phase.waitMs, 1600);
});

Deno.test("the server's Retry-After is honoured", () => {
  const state = after(watching, { type: "failed", failure: failure("throttled", 20_000), livedMs: 0 });
  assert.ok(state.phase.name === "backoff" && state.phase.waitMs >= 20_000);
});

Deno.test("a server that refuses to watch from a version is asked for a list instead", () => {
  assert.deepEqual(after(watching, failed("refused")).phase, {
    name: "backoff",
    waitMs: 800,
    then: { name: "empty" },
  });
});

Deno.test("a resource version that leads nowhere for eight times is given up", () => {
  let state = watching;
  const targets: string[] = [];
  for (let failures = 0; failures < 8; failures++) {
    state = after(state, failed(failures % 2 === 0 ? "unavailable" : "connection"));
    if (state.phase.name === "backoff") targets.push(state.phase.then.name);
    if (failures < 7) state = after(state, waited);
  }
  assert.deepEqual(targets, [...Array(7).fill("watching"), "empty"]);
});

Deno.test("progress in between shows that the resource version is good", () => {
  let state = watching;
  for (let failures = 0; failures < 20; failures++) {
    state = after(state, failed("connection"), waited, {
      type: "progress",
      resourceVersion: `rv-${failures}`,
    });
  }
  assert.deepEqual(state.phase, { name: "watching", resourceVersion: "rv-19" });
});

for (const [name, state] of Object.entries({ watchListing, listing, watching })) {
  Deno.test(`404 while ${name} means that the kind is missing, and that is the end`, () => {
    const missing = after(state, failed("missing"));
    assert.deepEqual(missing.phase, { name: "missing" });
    assert.deepEqual(after(missing, start, waited, page(), failed("connection")).phase, { name: "missing" });
  });
}

Deno.test("inputs that make no sense in a phase leave it as it is", () => {
  const backoff = after(watching, failed("connection"));
  assert.deepEqual(
    after(backoff, page(), start, failed("expired"), { type: "ended", livedMs: 5 }).phase,
    backoff.phase,
  );
  assert.deepEqual(after(backoff, { type: "progress", resourceVersion: "x" }).phase, backoff.phase);
  assert.deepEqual(after(watching, waited, start, page()).phase, watching.phase);
  assert.deepEqual(after(watching, { type: "initialEnd", resourceVersion: "x" }).phase, watching.phase);
  assert.deepEqual(after(listing, { type: "ended", livedMs: 5 }).phase, listing.phase);
});

Deno.test("whatever happens, it never waits longer than it should and never gets stuck", () => {
  const random = seededRandom(11);
  const kinds: FailureKind[] = [
    "expired",
    "forbidden",
    "unauthorized",
    "refused",
    "throttled",
    "unavailable",
    "connection",
    "stalled",
    "quiet",
  ];
  const inputs = (): Input => {
    const pick = Math.floor(random() * 8);
    const version = `rv-${Math.floor(random() * 1e6)}`;
    if (pick === 0) return page(random() < 0.5 ? "token" : undefined);
    if (pick === 1) return { type: "initialEnd", resourceVersion: version };
    if (pick === 2) return { type: "progress", resourceVersion: version };
    if (pick === 3) return { type: "ended", livedMs: random() * 20_000 };
    return failed(kinds[Math.floor(random() * kinds.length)]!, random() * 20_000);
  };
  const working: Phase["name"][] = ["initPage", "initialWatch", "watching"];
  let state = after(initialState(true), start);
  for (let round = 0; round < 20_000; round++) {
    state = step(state, inputs(), { random });
    if (state.phase.name !== "backoff") {
      assert.ok(working.includes(state.phase.name), state.phase.name);
      continue;
    }
    assert.ok(state.phase.waitMs > 0 && state.phase.waitMs <= 37_500, `waits ${state.phase.waitMs} ms`);
    state = step(state, waited, { random });
    assert.ok(working.includes(state.phase.name), `after a wait: ${state.phase.name}`);
  }
});
