import assert from "node:assert/strict";
import { settle } from "../../telemetry/testing/fake_clock.ts";
import { MemoryStream } from "./channel.ts";
import { recorder } from "./testing.ts";
import { WireError } from "./wire_error.ts";

function pair() {
  const [a, b] = [recorder<string>(String), recorder<string>(String)];
  return { a, b, stream: new MemoryStream<string, string>(a, b) };
}

Deno.test("messages arrive in order, on the other side, and not from inside of `send`", async () => {
  const { a, b, stream } = pair();
  stream.accept();
  assert.equal(stream.a.send("one"), "sent");
  stream.a.send("two");
  stream.b.send("back");
  assert.deepEqual([...a.told, ...b.told], []);
  await settle();
  assert.deepEqual(a.told, ["opened", "back"]);
  assert.deepEqual(b.told, ["one", "two"]);
});

Deno.test("closing delivers what was sent, tells both sides once, and refuses the rest", async () => {
  const { a, b, stream } = pair();
  stream.a.send("last words");
  stream.a.close();
  stream.b.close(new WireError("invalid", "too late"));
  assert.equal(stream.a.send("more"), "closed");
  assert.equal(stream.b.send("more"), "closed");
  await settle();
  assert.deepEqual(b.told, ["last words", "closed"]);
  assert.deepEqual(a.told, ["closed"]);
});

Deno.test("a reason goes to both sides", async () => {
  const { a, b, stream } = pair();
  stream.b.close(new WireError("superseded", "another one"));
  await settle();
  assert.deepEqual([a.told, b.told], [["closed: superseded"], ["closed: superseded"]]);
});

Deno.test("cutting loses what is on its way", async () => {
  const { a, b, stream } = pair();
  stream.a.send("lost");
  stream.cut(new WireError("unavailable", "cut"));
  stream.cut(new WireError("unavailable", "cut"));
  assert.equal(stream.a.send("more"), "closed");
  await settle();
  assert.deepEqual([a.told, b.told], [["closed: unavailable"], ["closed: unavailable"]]);
});
