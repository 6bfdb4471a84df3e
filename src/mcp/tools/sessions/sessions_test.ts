import assert from "node:assert/strict";
import type { Checkpoint, Sessions } from "../../../sessions/coordinator/types.ts";
import { SessionError } from "../../../sessions/types.ts";
import { Redactor } from "../../../telemetry/redactor.ts";
import { answerRedaction } from "../../answers/redacted.ts";
import { toolRig } from "../../testing.ts";
import { sessionTools } from "./sessions.ts";
import { type Answer, answeringSessions, RECORD } from "./testing.ts";

const toolOf = (name: string, rest: Partial<Sessions>, answer: () => Answer = () => ({ output: {} })) =>
  sessionTools(answeringSessions(answer, rest).sessions).find((one) => one.name === name)!;
const COPY: Checkpoint = {
  id: "ckpt-abcdefgh12345678",
  sessionId: RECORD.id,
  size: 12,
  sha256: "0".repeat(64),
  files: 3,
  createdAt: RECORD.createdAt,
  expiresAt: RECORD.expiresAt,
};
const SHOWN = {
  session: RECORD.id,
  name: "default",
  state: "ready",
  worker: "w1",
  isolation: "full",
  createdAt: "2026-11-22T10:00:00.000Z",
  expiresAt: "2026-11-22T10:30:00.000Z",
  ttlSeconds: 1_800,
};

Deno.test("a session is made as it is asked for, for whoever asks", async () => {
  const asked: unknown[] = [];
  const create = toolOf("session.create", {
    create(owner, request) {
      asked.push(owner, request);
      return Promise.resolve({ ...RECORD, labels: { team: "a" }, metadata: { task: "1" } });
    },
  });
  const rig = toolRig();
  const args = { name: "box", labels: { team: "a" }, ttlSeconds: 60, limits: { processes: 8 } };
  const { output } = await rig.run(create, args);
  assert.deepEqual(output, { ...SHOWN, labels: { team: "a" }, metadata: { task: "1" } });
  assert.deepEqual(asked, [{ id: "ann", name: "ann" }, {
    name: "box",
    labels: { team: "a" },
    limits: { processes: 8 },
    ttlMs: 60_000,
  }]);
  for (
    const wrong of [{ name: "Box" }, { ttlSeconds: 1 }, { limits: { cpus: 1 } }, { labels: { "a b": "" } }]
  ) {
    assert.equal((await rig.refuses(create, wrong)).code, "invalid");
  }
});

Deno.test("why a session is over, and how far one is, is told without secrets of others; what is the caller's own is as it is", async () => {
  const redactor = new Redactor();
  redactor.add("hunter2-hunter2");
  const rig = toolRig({ redaction: answerRedaction(redactor) });
  const reason = "Coder said hunter2-hunter2";
  const over = { ...RECORD, state: "failed", reason, metadata: { own: "hunter2-hunter2" } } as const;
  const create = toolOf("session.create", {
    create(_owner, _request, { onEvent }) {
      onEvent?.({ kind: "progress", done: 1, message: reason });
      return Promise.resolve(over);
    },
  });
  const list = toolOf("session.list", {
    list: () => Promise.resolve([over]),
    checkpoints: () => Promise.resolve([]),
  });
  const get = toolOf("session.get", { get: () => Promise.resolve(over) });
  const [listed] = (await rig.run(list, { ended: true })).output["sessions"] as Record<string, unknown>[];
  for (
    const one of [listed, (await rig.run(create, {})).output, (await rig.run(get, { session: "x" })).output]
  ) {
    assert.deepEqual([one?.["reason"], one?.["metadata"]], ["Coder said [redacted]", over.metadata]);
  }
  assert.deepEqual(rig.progress, ["Coder said [redacted]"]);
});

Deno.test("a list has sessions and copies; one that failed says why", async () => {
  const list = toolOf("session.list", {
    list: (_owner, { ended }) =>
      Promise.resolve(ended ? [{ ...RECORD, state: "failed", reason: "w1 went away" }] : [RECORD]),
    checkpoints: () => Promise.resolve([COPY]),
  });
  const rig = toolRig();
  assert.deepEqual((await rig.run(list)).output, {
    sessions: [SHOWN],
    checkpoints: [{
      checkpoint: COPY.id,
      session: RECORD.id,
      bytes: 12,
      files: 3,
      sha256: COPY.sha256,
      createdAt: SHOWN.createdAt,
      expiresAt: SHOWN.expiresAt,
    }],
  });
  const { sessions } = (await rig.run(list, { ended: true })).output as { sessions: unknown[] };
  assert.deepEqual(sessions, [{ ...SHOWN, state: "failed", reason: "w1 went away" }]);
});

Deno.test("what a session uses is told where its worker is there, and the rest in any case", async () => {
  const usage = { cpuMs: 5, memoryBytes: 6, diskBytes: 7, processes: [] };
  const get = (record = RECORD, answer: () => Answer = () => ({ output: usage })) =>
    toolRig().run(toolOf("session.get", { get: () => Promise.resolve(record) }, answer), {
      session: "default",
    });
  const whole = { ...SHOWN, limits: { ...RECORD.limits } };
  assert.deepEqual((await get()).output, { ...whole, usage });
  const away = await get(RECORD, () => {
    throw new SessionError("unavailable", "w1 is away");
  });
  assert.deepEqual(away.output, { ...whole, warnings: ["What it uses is not known: w1 is away"] });
  assert.deepEqual((await get({ ...RECORD, state: "closed" })).output, { ...whole, state: "closed" });
});

/** The signal, the options, and the way to Coder. */
function isOfCall(given: unknown): boolean {
  return given instanceof AbortSignal || typeof given === "function" ||
    (typeof given === "object" && given !== null && "signal" in given);
}

Deno.test("it is prolonged, changed, copied, restored and ended by its name", async () => {
  const asked: unknown[] = [];
  const keep = <R>(answer: R) => (...args: readonly unknown[]) => {
    asked.push(args.filter((one) => !isOfCall(one)));
    return Promise.resolve(answer);
  };
  const rest = {
    extend: keep(RECORD),
    annotate: keep(RECORD),
    close: keep({ ...RECORD, state: "closed" as const }),
    checkpoint: keep(COPY),
    restore: keep({ session: RECORD, files: 3 }),
  };
  const rig = toolRig();
  await rig.run(toolOf("session.extend", rest), { session: "box", ttlSeconds: 90 });
  await rig.run(toolOf("session.update", rest), { session: "box", labels: { a: null, b: "1" } });
  const closed = await rig.run(toolOf("session.close", rest), { session: "box" });
  assert.equal(closed.output["state"], "closed");
  await rig.run(toolOf("session.checkpoint", rest));
  const restored = await rig.run(toolOf("session.restore", rest), { checkpoint: COPY.id, session: "box" });
  assert.deepEqual(restored.output, { session: RECORD.id, files: 3 });
  const ann = { id: "ann", name: "ann" };
  assert.deepEqual(asked, [
    [ann, "box", 90_000],
    [ann, "box", { labels: { a: null, b: "1" }, metadata: undefined }],
    [ann, "box"],
    [ann, "default"],
    [ann, "box", COPY.id],
  ]);
  const update = toolOf("session.update", rest);
  assert.match((await rig.refuses(update, { session: "box" })).message, /give labels or metadata/);
  assert.match((await rig.refuses(update, { session: "box", labels: { "a b": "1" } })).message, /labels/);
});
