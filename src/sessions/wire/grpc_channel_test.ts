import assert from "node:assert/strict";
import { settle } from "../../telemetry/testing/fake_clock.ts";
import { GrpcChannel } from "./grpc_channel.ts";
import { recorder } from "./testing.ts";
import { WireError } from "./wire_error.ts";

function rig() {
  const written: Uint8Array[] = [];
  const hungUp: (string | undefined)[] = [];
  const state = { hasRoom: true };
  let drain = () => {};
  const call = {
    write: (bytes: Uint8Array) => {
      written.push(bytes);
      return state.hasRoom;
    },
    once: (_event: "drain", listener: () => void) => void (drain = listener),
  };
  const channel = new GrpcChannel<string, string>(
    call,
    (message) => new TextEncoder().encode(message),
    5,
    (reason) => void hungUp.push(reason?.code),
  );
  const events = recorder<string>(String);
  channel.listen(events);
  return { channel, events, written, hungUp, state, drain: () => drain() };
}

Deno.test("messages are sent as bytes, those that are too large are not", () => {
  const { channel, written } = rig();
  assert.equal(channel.send("12345"), "sent");
  assert.equal(channel.send("123456"), "too_large");
  assert.equal(written.length, 1);
});

Deno.test("a call without room says so, and when there is room again", () => {
  const { channel, events, state, drain } = rig();
  state.hasRoom = false;
  assert.equal(channel.send("a"), "full");
  drain();
  assert.deepEqual(events.told, ["drained"]);
  channel.send("b");
  channel.ended(undefined);
  drain();
  assert.deepEqual(events.told, ["drained", "closed"]);
});

Deno.test("what arrives is told until it ends, and the end once", async () => {
  const { channel, events, hungUp } = rig();
  channel.opened();
  channel.message("in");
  channel.close(new WireError("superseded", "why"));
  channel.close();
  channel.opened();
  channel.message("late");
  channel.ended(new WireError("unavailable", "broke"));
  assert.equal(channel.send("a"), "closed");
  await settle();
  assert.deepEqual(events.told, ["opened", "in", "closed: superseded"]);
  assert.deepEqual(hungUp, ["superseded"]);
});

Deno.test("a call that ended by itself is not ended again", async () => {
  const { channel, events, hungUp } = rig();
  channel.ended(new WireError("unavailable", "broke"));
  channel.close();
  await settle();
  assert.deepEqual(events.told, ["closed: unavailable"]);
  assert.deepEqual(hungUp, []);
});
