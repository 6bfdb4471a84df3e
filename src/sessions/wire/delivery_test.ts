import assert from "node:assert/strict";
import { Delivery } from "./delivery.ts";
import type { Down } from "./messages.ts";
import { aTask } from "./testing.ts";

function all(delivery: Delivery): string[] {
  const told: string[] = [];
  for (let next = delivery.next(); next !== undefined; next = delivery.next()) told.push(text(next));
  return told;
}

function text(message: Down): string {
  return `${message.kind} ${message.number}`;
}

Deno.test("tasks are numbered, and sent once in their order", () => {
  const delivery = new Delivery();
  assert.equal(delivery.add(aTask()), 1);
  assert.equal(delivery.add(aTask()), 2);
  assert.deepEqual(all(delivery), ["task 1", "task 2"]);
  assert.equal(delivery.add(aTask()), 3);
  assert.deepEqual(all(delivery), ["task 3"]);
  assert.deepEqual(all(delivery), []);
  assert.equal(delivery.size, 3);
});

Deno.test("an outcome is acknowledged each time that it arrives, and counts once", () => {
  const delivery = new Delivery();
  delivery.add(aTask());
  all(delivery);
  assert.equal(delivery.settled(1), true);
  assert.equal(delivery.settled(1), false);
  assert.deepEqual(all(delivery), ["ack 1", "ack 1"]);
  assert.equal(delivery.size, 0);
});

Deno.test("on the next stream only what was not taken is sent again, before what is new", () => {
  const delivery = new Delivery();
  for (let task = 0; task < 3; task++) delivery.add(aTask());
  all(delivery);
  delivery.add(aTask());
  assert.equal(delivery.resumed(1), 2);
  assert.equal(delivery.maybeTaken(1), true);
  assert.equal(delivery.maybeTaken(2), false);
  assert.deepEqual(all(delivery), ["task 2", "task 3", "task 4"]);
  assert.equal(delivery.maybeTaken(2), true);
});

Deno.test("what was never sent and is canceled is never sent", () => {
  const delivery = new Delivery();
  delivery.add(aTask());
  delivery.add(aTask());
  delivery.cancel(1, "enough");
  assert.deepEqual(all(delivery), ["task 2"]);
  assert.equal(delivery.maybeTaken(1), false);
  assert.equal(delivery.size, 1);
});

Deno.test("what was sent and is canceled is told so, once, and on the next stream again", () => {
  const delivery = new Delivery();
  delivery.add(aTask());
  all(delivery);
  delivery.cancel(1, "enough");
  delivery.cancel(1, "more than enough");
  assert.deepEqual(delivery.next(), { kind: "cancel", number: 1, reason: "enough" });
  assert.equal(delivery.resumed(1), 0);
  assert.deepEqual(all(delivery), ["cancel 1"]);
  assert.equal(delivery.settled(1), false, "nobody waits for it");
  assert.deepEqual(all(delivery), ["ack 1"]);
});

Deno.test("what is canceled and was not taken is gone with the next stream", () => {
  const delivery = new Delivery();
  delivery.add(aTask());
  all(delivery);
  delivery.cancel(1, "enough");
  delivery.resumed(0);
  assert.deepEqual(all(delivery), []);
  assert.equal(delivery.size, 0);
});

Deno.test("notices of a broken stream are not sent on the next one, except what still counts", () => {
  const delivery = new Delivery();
  delivery.add(aTask());
  delivery.add(aTask());
  all(delivery);
  delivery.settled(1);
  delivery.cancel(2, "enough");
  delivery.resumed(2);
  // The acknowledgement of 1 is made anew when its outcome is told anew.
  assert.deepEqual(all(delivery), ["cancel 2"]);
});

Deno.test("notices go before tasks, and a task that does not fit is forgotten", () => {
  const delivery = new Delivery();
  delivery.add(aTask());
  all(delivery);
  delivery.add(aTask());
  delivery.cancel(1, "enough");
  assert.deepEqual(all(delivery), ["cancel 1", "task 2"]);
  delivery.refuse(2);
  assert.equal(delivery.size, 1);
  assert.equal(delivery.task(2), undefined);
  assert.equal(delivery.task(1)?.operation, "echo");
});

Deno.test("what is not known can be canceled and settled", () => {
  const delivery = new Delivery();
  delivery.cancel(7, "enough");
  assert.equal(delivery.settled(7), false);
  assert.deepEqual(all(delivery), ["ack 7"]);
});

Deno.test("a worker that tells outcomes without end, and reads nothing, does not fill memory", () => {
  const delivery = new Delivery();
  delivery.add(aTask());
  all(delivery);
  for (let count = 0; count < 20_000; count++) delivery.settled(5);
  delivery.cancel(1, "enough");
  const told = all(delivery);
  assert.equal(told.length, 10_001);
  assert.equal(told.at(-1), "cancel 1", "cancellations are told all the same");
});

Deno.test("of what nobody waits for any longer its content is not kept, however long the worker is silent", () => {
  const delivery = new Delivery();
  const number = delivery.add({ ...aTask(), input: { path: "a" }, body: new Uint8Array(1_000) });
  assert.equal(delivery.task(number)?.body?.length, 1_000);
  all(delivery);
  delivery.cancel(number, "its time is over");
  assert.equal(delivery.size, 1);
  assert.equal(delivery.task(number)?.body, undefined);
  assert.deepEqual(delivery.task(number)?.input, {});
  assert.equal(delivery.task(number)?.operation, aTask().operation);
});
