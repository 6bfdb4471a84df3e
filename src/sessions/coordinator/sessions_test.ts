import assert from "node:assert/strict";
import { echo } from "../operations.ts";
import { OWNER, Rig } from "./testing.ts";

Deno.test("a session is made at a worker, used, found by id and by name, and closed", async () => {
  await using world = new Rig();
  const worker = await world.worker("w1");
  const { sessions, options, signal } = world;
  const made = await sessions.create(OWNER, { name: "one", labels: { team: "a" } }, options);
  assert.match(made.id, /^sess-[a-z2-7]{16}$/);
  assert.equal(made.state, "ready");
  assert.equal(made.workerId, "w1");
  assert.equal(made.isolation, "namespaces");
  assert.deepEqual(await sessions.get(OWNER, "one", signal), made);
  assert.deepEqual(await sessions.list(OWNER, { labels: { team: "a" } }, signal), [made]);
  const answer = await sessions.call(OWNER, "one", echo, { message: "hi" }, undefined, options);
  assert.equal(answer.output.message, "hi");
  assert.equal(answer.session.id, made.id);
  const closed = await sessions.close(OWNER, made.id, signal);
  assert.equal(closed.state, "closed");
  assert.deepEqual(await sessions.close(OWNER, made.id, signal), closed);
  assert.deepEqual(await sessions.list(OWNER, {}, signal), []);
  assert.deepEqual(worker.operations(), ["session.open", "echo", "session.close"]);
  await assert.rejects(
    sessions.call(OWNER, "one", echo, { message: "hi" }, undefined, options),
    { code: "session_ended", message: /one \(sess-\w+\) is over \(closed\): create a new one/ },
  );
});
