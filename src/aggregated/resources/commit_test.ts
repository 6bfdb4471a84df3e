import assert from "node:assert/strict";
import { KubeApiError } from "../../kube/errors.ts";
import {
  MAX_RECORD_BYTES,
  type ShadowRecord,
  type ShadowStore,
  ShadowTooLargeError,
  type StoredShadow,
} from "../../shadow/mod.ts";
import { StatusError } from "../serving/status_errors.ts";
import { StaleError } from "../writing/target.ts";
import { checkSize, commit, type Commitment, isWorthKeeping, keepingStatus } from "./commit.ts";

/** One record, and what was done to it. */
class OneShadow implements Pick<ShadowStore, "read" | "write" | "remove"> {
  stored: StoredShadow | undefined;
  readonly deeds: string[] = [];
  failure: Error | undefined;
  #versions = 0;

  constructor(record?: ShadowRecord) {
    if (record !== undefined) this.stored = { record, version: "v0" };
  }

  read() {
    this.deeds.push("read");
    return Promise.resolve(this.stored);
  }

  write(record: ShadowRecord, version: string | undefined) {
    this.deeds.push(`write over ${version ?? "nothing"}`);
    if (this.failure !== undefined) return Promise.reject(this.failure);
    if (this.stored?.version !== version) return Promise.resolve(undefined);
    this.stored = { record, version: `v${++this.#versions}` };
    return Promise.resolve(this.stored);
  }

  remove(_kind: string, _id: string, version: string) {
    this.deeds.push(`remove ${version}`);
    if (this.failure !== undefined) return Promise.reject(this.failure);
    if (this.stored?.version !== version) return Promise.resolve(false);
    this.stored = undefined;
    return Promise.resolve(true);
  }
}

const record = (metadata: ShadowRecord["metadata"] = {}, rest: Partial<ShadowRecord> = {}): ShadowRecord => ({
  kind: "workspaces",
  id: "1",
  name: "acme.alice.dev",
  metadata,
  ...rest,
});
const labelled = (value: string) => record({ labels: { team: value } });

const commitment = <R>(
  shadows: OneShadow,
  after: ShadowRecord,
  rest: Partial<Commitment<R>> = {},
): Commitment<R> => ({
  shadows,
  before: shadows.stored,
  after,
  dryRun: false,
  signal: new AbortController().signal,
  ...rest,
});

Deno.test("what is kept comes first, then what Coder is told", async () => {
  const shadows = new OneShadow();
  const { result, stored } = await commit(commitment(shadows, labelled("a"), {
    change: () => Promise.resolve(shadows.deeds.join()),
  }));
  assert.equal(result, "write over nothing");
  assert.deepEqual(stored?.record, labelled("a"));
  assert.equal(stored, shadows.stored);
});

Deno.test("metadata alone is not told to Coder", async () => {
  const shadows = new OneShadow(labelled("a"));
  const { result } = await commit(commitment(shadows, labelled("b")));
  assert.equal(result, undefined);
  assert.deepEqual(shadows.stored?.record, labelled("b"));
});

Deno.test("where there is nothing to keep before and after, nothing is stored", async () => {
  const shadows = new OneShadow();
  const { result, stored } = await commit(commitment(shadows, record({ labels: {}, generation: 3 }), {
    change: () => Promise.resolve("told"),
  }));
  assert.deepEqual([result, stored, shadows.deeds], ["told", undefined, []]);
});

Deno.test("what is kept already is not stored again", async () => {
  const shadows = new OneShadow(labelled("a"));
  await commit(commitment(shadows, structuredClone(labelled("a")), { change: () => Promise.resolve(1) }));
  assert.deepEqual(shadows.deeds, []);
});

Deno.test("where nothing is left to keep, it is removed", async () => {
  const shadows = new OneShadow(labelled("a"));
  const { stored } = await commit(commitment(shadows, record()));
  assert.deepEqual([stored, shadows.stored, shadows.deeds], [undefined, undefined, ["remove v0"]]);
});

Deno.test("where somebody else was sooner nothing is told, and what there is now is looked at", async () => {
  for (const after of [labelled("b"), record()]) {
    const shadows = new OneShadow(labelled("a"));
    const late = commitment<void>(shadows, after, {
      before: { record: labelled("a"), version: "before" },
      change: () => assert.fail("Coder was told"),
    });
    await assert.rejects(commit(late), StaleError);
    assert.deepEqual(shadows.stored?.record, labelled("a"));
    assert.equal(shadows.deeds.at(-1), "read");
  }
});

Deno.test("where Coder refuses, what was kept before is kept again, and the error is told", async () => {
  const refusal = new Error("no");
  const change = () => Promise.reject(refusal);
  const changed = new OneShadow(labelled("a"));
  await assert.rejects(commit(commitment(changed, labelled("b"), { change })), (error) => error === refusal);
  assert.deepEqual(changed.stored?.record, labelled("a"));
  const added = new OneShadow();
  await assert.rejects(commit(commitment(added, labelled("b"), { change })), (error) => error === refusal);
  assert.equal(added.stored, undefined);
  const removed = new OneShadow(labelled("a"));
  await assert.rejects(commit(commitment(removed, record(), { change })), (error) => error === refusal);
  assert.deepEqual(removed.stored?.record, labelled("a"));
  const same = new OneShadow(labelled("a"));
  await assert.rejects(commit(commitment(same, labelled("a"), { change })), (error) => error === refusal);
  assert.deepEqual(same.deeds, []);
});

Deno.test("what somebody else has kept meanwhile is left as it is, without what was refused", async () => {
  const parts = (more: object = {}, spec: Record<string, unknown> = {}): ShadowRecord =>
    record({ labels: { team: "a" }, annotations: { note: "1" }, finalizers: ["a/b"], ...more }, { spec });
  const shadows = new OneShadow(parts({}, { parameters: { cpus: "1", disk: "1" }, presetID: "p" }));
  const after = parts(
    { labels: { team: "b", ours: "x" }, annotations: {}, generation: 2 },
    { parameters: { cpus: "2", disk: "1" } },
  );
  const change = () => {
    const { metadata, spec } = after;
    const labels = { ...metadata.labels, theirs: "y" };
    const parameters = { cpus: "2", disk: "9" };
    shadows.stored = {
      record: {
        ...after,
        metadata: { ...metadata, labels, finalizers: ["c/d"] },
        spec: { ...spec, parameters },
      },
      version: "theirs",
    };
    return Promise.reject(new Error("no"));
  };
  await assert.rejects(commit(commitment(shadows, after, { change })), /^Error: no$/);
  const { metadata, spec } = shadows.stored!.record;
  assert.deepEqual(metadata, {
    labels: { team: "a", theirs: "y" },
    annotations: { note: "1" },
    finalizers: ["c/d"],
  });
  assert.deepEqual(spec, { presetID: "p", parameters: { cpus: "1", disk: "9" } });
});

Deno.test("what is gone by then is not kept again, and what is only ours is removed", async () => {
  const gone = new OneShadow(labelled("a"));
  const vanish = () => {
    gone.stored = undefined;
    return Promise.reject(new Error("no"));
  };
  await assert.rejects(commit(commitment(gone, labelled("b"), { change: vanish })), /^Error: no$/);
  assert.equal(gone.stored, undefined);
  const ours = new OneShadow();
  const touched = () => {
    ours.stored = { record: labelled("b"), version: "theirs" };
    return Promise.reject(new Error("no"));
  };
  await assert.rejects(commit(commitment(ours, labelled("b"), { change: touched })), /^Error: no$/);
  assert.equal(ours.stored, undefined);
});

Deno.test("where what was kept cannot be kept again, the error is told all the same", async () => {
  const shadows = new OneShadow(labelled("a"));
  const change = () => {
    shadows.failure = new Error("away");
    return Promise.reject(new Error("no"));
  };
  await assert.rejects(commit(commitment(shadows, labelled("b"), { change })), /^Error: no$/);
  assert.deepEqual(shadows.stored?.record, labelled("b"));
});

Deno.test("what is more than can be kept is refused before anything is done", async () => {
  const large = labelled("x".repeat(MAX_RECORD_BYTES));
  const shadows = new OneShadow();
  await assert.rejects(commit(commitment(shadows, large, { dryRun: true })), /--server-side/);
  assert.throws(() => checkSize(large), StatusError);
  assert.doesNotThrow(() => checkSize(labelled("x")));
});

Deno.test("a dry run asks Coder and stores nothing", async () => {
  const shadows = new OneShadow(labelled("a"));
  const dry = commitment(shadows, labelled("b"), { dryRun: true, change: () => Promise.resolve("asked") });
  assert.deepEqual(await commit(dry), { result: "asked", stored: shadows.stored });
  assert.deepEqual(shadows.deeds, []);
  const refusing = commitment(shadows, labelled("b"), {
    dryRun: true,
    change: () => Promise.reject(new Error("no")),
  });
  await assert.rejects(commit(refusing), /no/);
  assert.deepEqual(shadows.deeds, []);
});

Deno.test("what is too large is refused with advice, and Coder hears nothing of it", async () => {
  const shadows = new OneShadow();
  shadows.failure = new ShadowTooLargeError("1.2 MB");
  const large = commitment<void>(shadows, labelled("a"), { change: () => assert.fail("Coder was told") });
  await assert.rejects(commit(large), (error) => {
    assert.ok(error instanceof StatusError);
    assert.deepEqual([error.code, error.reason], [413, "RequestEntityTooLarge"]);
    assert.match(error.message, /kubectl apply --server-side/);
    return true;
  });
});

Deno.test("what cannot be kept now may be tried again, and who is gone is told nothing", async () => {
  const shadows = new OneShadow(labelled("a"));
  shadows.failure = new Error("connection refused to 10.0.0.1");
  await assert.rejects(commit(commitment(shadows, labelled("b"))), (error) => {
    assert.ok(error instanceof StatusError);
    assert.equal(error.code, 503);
    assert.equal(error.details?.retryAfterSeconds, 1);
    assert.doesNotMatch(error.message, /10\.0/);
    return true;
  });
  const gone = AbortSignal.abort(new Error("gone"));
  await assert.rejects(commit(commitment(shadows, labelled("b"), { signal: gone })), /^Error: gone$/);
  const known = new StaleError("told before");
  assert.equal(keepingStatus(known), known);
});

Deno.test("what the API server does not allow to be kept is forbidden, in its own words, and Coder hears of nothing", async () => {
  const shadows = new OneShadow(labelled("a"));
  const why = 'configmaps "x" is forbidden: exceeded quota: few';
  shadows.failure = new KubeApiError(403, "Forbidden", why, { method: "PUT", path: "/" });
  let isTold = false;
  const change = () => Promise.resolve(void (isTold = true));
  await assert.rejects(commit(commitment(shadows, labelled("b"), { change })), (error) => {
    assert.ok(error instanceof StatusError);
    assert.deepEqual([error.code, error.status.reason, error.message.endsWith(why)], [
      403,
      "Forbidden",
      true,
    ]);
    return true;
  });
  assert.equal(isTold, false);
});

Deno.test("labels, parameters, sources and refusals are worth keeping; empty ones and a generation are not", () => {
  assert.equal(isWorthKeeping(record()), false);
  assert.equal(isWorthKeeping(record({ labels: {}, finalizers: [], generation: 2 })), false);
  assert.equal(isWorthKeeping(record({}, { spec: { parameters: {} }, source: {} })), false);
  assert.equal(isWorthKeeping(record({ finalizers: ["a/b"] })), true);
  assert.equal(isWorthKeeping(record({ deletionGracePeriodSeconds: 0 })), true);
  assert.equal(isWorthKeeping(record({}, { spec: { parameters: { cpus: "2" } } })), true);
  assert.equal(isWorthKeeping(record({}, { source: { commit: "abc" } })), true);
  assert.equal(
    isWorthKeeping(record({}, { refusal: { reason: "Refused", message: "no", at: "2026-01-01T00:00:00Z" } })),
    true,
  );
});
