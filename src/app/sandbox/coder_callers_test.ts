import assert from "node:assert/strict";
import { silentLogger } from "../../telemetry/logger.ts";
import { ManualClock } from "../../kube/testing/manual_clock.ts";
import { createCoderCallers } from "./coder_callers.ts";
import { coderError } from "./coder_testing.ts";

const tokenOf = (name: string) => `${name.padEnd(10, "0")}-0123456789abcdefghijkl`;
const never = new AbortController().signal;

function rig() {
  const clock = new ManualClock();
  const asked: string[] = [];
  const hidden = new Set<string>();
  const world: { answer: (token: string) => Promise<unknown> } = {
    answer: (token) => {
      const name = token.slice(0, token.indexOf("0"));
      return Promise.resolve({ id: `id of ${name}`, username: name });
    },
  };
  const callers = createCoderCallers({
    client: (token) => ({
      users: {
        me() {
          asked.push(token);
          return world.answer(token) as never;
        },
      },
    }),
    keepSecret(token) {
      hidden.add(token);
      return () => void hidden.delete(token);
    },
    log: silentLogger,
    clock,
  });
  const who = async (token: string, signal = never) => {
    const answer = await callers.authenticate(token, signal);
    return "user" in answer
      ? `${answer.user.name} (${answer.user.uid})`
      : `${answer.refusal.code} ${answer.refusal.message}`;
  };
  return { clock, asked, hidden, world, callers, who };
}

Deno.test("whose a token is counts for a minute, and no longer", async () => {
  const { who, asked, clock, world, hidden } = rig();
  const ann = tokenOf("ann");
  assert.equal(await who(ann), "coder:ann (id of ann)");
  await clock.advance(59_999);
  assert.equal(await who(ann), "coder:ann (id of ann)");
  assert.equal(asked.length, 1);
  assert.deepEqual([...hidden], [ann]);
  world.answer = () => Promise.reject(coderError("unauthorized", "tokenExpired"));
  await clock.advance(1);
  assert.match(await who(ann), /^401 Coder refuses the session token: it has expired/);
  assert.equal(asked.length, 2);
});

Deno.test("a refusal counts for some seconds alone", async () => {
  const { who, asked, clock, world } = rig();
  const { answer } = world;
  world.answer = () => Promise.reject(coderError("unauthorized", "userInactive"));
  assert.match(await who(tokenOf("ann")), /^401 .*not active/);
  world.answer = answer;
  assert.match(await who(tokenOf("ann")), /^401 /);
  await clock.advance(5_000);
  assert.equal(await who(tokenOf("ann")), "coder:ann (id of ann)");
  assert.equal(asked.length, 2);
  world.answer = () => Promise.reject(coderError("notFound"));
  assert.match(await who(tokenOf("bob")), /^403 .*scopes/);
});

Deno.test("while Coder is away nobody is a stranger: they are told to try again", async () => {
  const { who, asked, world, callers } = rig();
  world.answer = () => Promise.reject(coderError("unavailable", "databaseAway", 7_000));
  assert.match(await who(tokenOf("ann")), /^503 Coder does not answer \(databaseAway\)/);
  const answer = await callers.authenticate(tokenOf("ann"), never);
  assert.ok("refusal" in answer);
  assert.equal(answer.refusal.retryAfterSeconds, 7);
  assert.equal(asked.length, 2, "nothing of it is remembered");
  for (const kind of ["rateLimited", "badResponse", "aborted"] as const) {
    world.answer = () => Promise.reject(coderError(kind));
    assert.match(await who(tokenOf("ann")), /^503 /);
  }
});

Deno.test("what does not look like a session token is never asked about", () => {
  const { callers } = rig();
  assert.equal(callers.isFor(tokenOf("ann")), true);
  for (const token of ["", "abc", "eyJhbGciOi.eyJzdWIi.c2ln", `${tokenOf("ann")}x`, "a-b"]) {
    assert.equal(callers.isFor(token), false, token);
  }
});

Deno.test("callers with one token wait for one answer, and each for no longer than they like", async () => {
  const { who, asked, world } = rig();
  const gate = Promise.withResolvers<unknown>();
  world.answer = () => gate.promise;
  const stop = new AbortController();
  const impatient = who(tokenOf("ann"), stop.signal);
  const patient = who(tokenOf("ann"));
  stop.abort(new Error("gone"));
  await assert.rejects(impatient, { message: "gone" });
  gate.resolve({ id: "1", username: "ann" });
  assert.equal(await patient, "coder:ann (1)");
  assert.equal(asked.length, 1);
});

Deno.test("no more are asked about at once than Coder can bear", async () => {
  const { who, asked, world } = rig();
  const gate = Promise.withResolvers<unknown>();
  world.answer = () => gate.promise;
  const waiting = Array.from({ length: 64 }, (_, i) => who(tokenOf(`a${i}b`)));
  assert.match(await who(tokenOf("ann")), /^503 many callers/);
  assert.equal(asked.length, 64);
  gate.resolve({ id: "1", username: "x" });
  assert.ok((await Promise.all(waiting)).every((one) => one === "coder:x (1)"));
});

Deno.test("secrets of many callers are hidden, and the oldest are let go", async () => {
  const { who, hidden } = rig();
  for (let i = 0; i < 1_100; i++) await who(tokenOf(`u${i}`.replaceAll("0", "x")));
  assert.equal(hidden.size, 1_024);
  assert.ok(hidden.has(tokenOf("u1x99")));
});
