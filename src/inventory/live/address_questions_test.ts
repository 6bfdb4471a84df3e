import assert from "node:assert/strict";
import { AddressQuestions } from "./address_questions.ts";
import type { CopyClient } from "./types.ts";

const HOUR = 3_600_000;
const signal = new AbortController().signal;

function rig() {
  const state = { now: 0, access: "https://coder.example.com/", apps: "*.apps.example.com", isDown: false };
  const asked: string[] = [];
  const learnt: string[] = [];
  const failures: unknown[] = [];
  const answer = <T>(what: string, value: () => T): Promise<T> => {
    asked.push(what);
    return state.isDown ? Promise.reject(new Error("away")) : Promise.resolve(value());
  };
  const client = {
    system: { buildInfo: () => answer("access", () => ({ dashboard_url: state.access })) },
    deployment: { appsHost: () => answer("apps", () => state.apps) },
  } as unknown as CopyClient;
  const questions = new AddressQuestions({
    now: () => state.now,
    client: () => Promise.resolve(client),
    limits: (own) => ({ signal: own, timeoutMs: 1_000 }),
    learnt: ({ access, apps }) => void learnt.push(`${access} ${apps}`),
    failed: (error) => void failures.push(error),
  });
  return { state, asked, learnt, failures, questions };
}

Deno.test("both addresses are asked for and told together, and not again for hours", async () => {
  const { state, asked, learnt, questions } = rig();
  assert.deepEqual(questions.addresses, { access: "", apps: "" });
  assert.equal(await questions.ask(["access", "apps"], signal), true);
  assert.deepEqual(learnt, ["https://coder.example.com *.apps.example.com"]);
  state.now = 5 * HOUR;
  assert.equal(await questions.ask(["access"], signal), false);
  assert.deepEqual(asked, ["access", "apps"]);
});

Deno.test("each is one question of its own later, and is told where it is another", async () => {
  const { state, asked, learnt, questions } = rig();
  await questions.ask(["access", "apps"], signal);
  state.now = 6 * HOUR;
  state.apps = "";
  assert.equal(await questions.ask(["access"], signal), true);
  assert.equal(learnt.length, 1);
  assert.equal(await questions.ask(["apps"], signal), true);
  assert.deepEqual(learnt.slice(1), ["https://coder.example.com "]);
  assert.deepEqual(asked, ["access", "apps", "access", "apps"]);
});

Deno.test("who does not answer is asked more and more seldom, and what was known stays", async () => {
  const { state, asked, failures, questions } = rig();
  await questions.ask(["access", "apps"], signal);
  state.isDown = true;
  const times: number[] = [];
  for (state.now = 6 * HOUR; state.now < 30 * HOUR; state.now += 60_000) {
    const before = asked.length;
    await questions.ask(["apps"], signal);
    if (asked.length > before) times.push(state.now / 60_000 - 360);
  }
  assert.deepEqual(times.slice(0, 6), [0, 1, 3, 7, 15, 31]);
  assert.ok(times.every((time, index) => time - (times[index - 1] ?? time) <= 360));
  assert.equal(failures.length, times.length);
  assert.equal(questions.addresses.apps, "*.apps.example.com");
});

Deno.test("a question that is given up is no failure, and tells nothing", async () => {
  const { state, learnt, failures, questions } = rig();
  state.isDown = true;
  const end = new AbortController();
  end.abort();
  assert.equal(await questions.ask(["access", "apps"], end.signal), true);
  assert.deepEqual([learnt, failures], [[], []]);
});
