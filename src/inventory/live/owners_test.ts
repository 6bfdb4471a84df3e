import assert from "node:assert/strict";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import { Owners } from "./owners.ts";

const never = new AbortController().signal;

/** A directory of users that counts how often it is asked. */
function rig(users: { id: string; email: string; status?: string }[]) {
  const clock = new FakeClock();
  const asked: string[] = [];
  let failure: Error | undefined;
  const calls = {
    list: ({ q = "" } = {}) => {
      asked.push(q);
      if (failure !== undefined) return Promise.reject(failure);
      const found = users.filter(({ email }) => email.toLowerCase().includes(q))
        .map((user) => ({ status: "active", ...user }));
      return Promise.resolve({ users: found, count: found.length } as never);
    },
  };
  const owners = new Owners({ clock });
  return {
    clock,
    asked,
    users,
    fail: (error: Error | undefined) => void (failure = error),
    find: (email: string, signal = never) => owners.find(email, () => Promise.resolve(calls), 1_000, signal),
  };
}

Deno.test("a user is found by the whole address, in any case, and by no part of it", async () => {
  const { find } = rig([{ id: "1", email: "xann@example.com" }, { id: "2", email: "Ann@Example.com" }]);
  assert.equal(await find("ann@example.com"), "2");
  assert.equal(await find("nn@example.com"), undefined);
  assert.equal(await find("bob@example.com"), undefined);
});

Deno.test("no letter of another script is taken for one of ASCII by its case", async () => {
  const { find } = rig([{ id: "1", email: "\u212Aim@example.com" }, { id: "2", email: "KIM@example.com" }]);
  assert.equal(await find("kim@example.com"), "2");
  assert.equal(await rig([{ id: "1", email: "\u212Aim@example.com" }]).find("kim@example.com"), undefined);
});

Deno.test("who is suspended in Coder is nobody", async () => {
  assert.equal(await rig([{ id: "1", email: "a@b.c", status: "suspended" }]).find("a@b.c"), undefined);
});

Deno.test("many who ask at once cause one request, and nobody asks again for minutes", async () => {
  const { find, asked, clock } = rig([{ id: "1", email: "a@b.c" }]);
  assert.deepEqual(await Promise.all([find("a@b.c"), find("a@b.c")]), ["1", "1"]);
  await clock.advance(299_000);
  await find("a@b.c");
  assert.equal(asked.length, 1);
  await clock.advance(2_000);
  await find("a@b.c");
  assert.equal(asked.length, 2);
});

Deno.test("a new user is found half a minute later at the latest", async () => {
  const { find, users, clock } = rig([]);
  assert.equal(await find("a@b.c"), undefined);
  users.push({ id: "1", email: "a@b.c" });
  assert.equal(await find("a@b.c"), undefined);
  await clock.advance(30_001);
  assert.equal(await find("a@b.c"), "1");
});

Deno.test("while Coder does not answer, what was known counts, and it is not asked for each caller", async () => {
  const { find, fail, clock, asked } = rig([{ id: "1", email: "a@b.c" }]);
  assert.equal(await find("a@b.c"), "1");
  await clock.advance(400_000);
  fail(new Error("away"));
  for (let time = 0; time < 5; time++) assert.equal(await find("a@b.c"), "1");
  await assert.rejects(find("new@b.c"), /away/);
  await assert.rejects(find("new@b.c"), /away/);
  assert.equal(asked.length, 3);
  fail(undefined);
  await clock.advance(31_000);
  assert.equal(await find("new@b.c"), undefined);
});

Deno.test("a caller who gives up hears its own reason, and others go on", async () => {
  const { find } = rig([{ id: "1", email: "a@b.c" }]);
  const gone = new AbortController();
  const lost = assert.rejects(find("a@b.c", gone.signal), /gone/);
  const waits = find("a@b.c");
  gone.abort(new Error("gone"));
  await lost;
  assert.equal(await waits, "1");
});
