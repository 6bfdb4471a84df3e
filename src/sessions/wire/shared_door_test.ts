import assert from "node:assert/strict";
import { MockExecutor } from "../testing/mock_executor.ts";
import { mockHello } from "../testing/mock_worker.ts";
import type { ChannelEvents } from "./channel.ts";
import type { CoordinatorDoor } from "./door.ts";
import type { Down } from "./messages.ts";
import { SharedDoor } from "./shared_door.ts";
import { FakeChannel, never, recorder } from "./testing.ts";
import { WireError } from "./wire_error.ts";

const load = new MockExecutor().load();
const away = new WireError("unavailable", "it is away");

/** One address. */
class FakeDoor implements CoordinatorDoor {
  readonly calls: string[] = [];
  error: Error | undefined;
  events: ChannelEvents<Down> | undefined;

  constructor(readonly address: string) {}

  register = () => this.#call("register", { id: "r1", heartbeatTimeoutMs: 1 });
  heartbeat = () => this.#call("heartbeat", undefined);
  deregister = () => this.#call("deregister", undefined);
  dial = () =>
    this.#call("dial", (_: unknown, events: ChannelEvents<Down>) => {
      this.events = events;
      return new FakeChannel<never>();
    });
  close = () => void this.calls.push("close");

  #call<T>(name: string, answer: T): Promise<T> {
    this.calls.push(name);
    return this.error === undefined ? Promise.resolve(answer) : Promise.reject(this.error);
  }
}

function rig() {
  const [first, second] = [new FakeDoor("first"), new FakeDoor("second")];
  const told: string[] = [];
  const door = new SharedDoor("a", first, {
    registered: (id) => void told.push(id),
    lost: () => void told.push("lost"),
  });
  door.add("b", second);
  return { first, second, told, door };
}

const resume = { registration: "r1", lastTaken: 0 };

Deno.test("it goes by the first address, and by the next where that is away", async () => {
  const { first, second, told, door } = rig();
  await door.register(mockHello(), load, never);
  assert.deepEqual([first.calls, second.calls, told, door.address], [["register"], [], ["r1"], "first"]);
  first.error = away;
  await assert.rejects(door.dial(never), { code: "unavailable" });
  await door.dial(never);
  await door.heartbeat("r1", load, false, never);
  assert.deepEqual(second.calls, ["dial", "heartbeat"]);
  second.error = new Error("no answer in time");
  first.error = undefined;
  await assert.rejects(door.register(mockHello(), load, never));
  await door.register(mockHello(), load, never);
  assert.equal(door.address, "first");
});

Deno.test("a coordinator that refuses is there: another address of it would not help", async () => {
  const { first, second, door } = rig();
  first.error = new WireError("unauthenticated", "the token is not good");
  await assert.rejects(door.register(mockHello(), load, never), { code: "unauthenticated" });
  await assert.rejects(door.register(mockHello(), load, never), { code: "unauthenticated" });
  assert.deepEqual(second.calls, []);
});

Deno.test("a stream that never opened is tried elsewhere, one that was open is told to be lost", async () => {
  const { first, second, told, door } = rig();
  const events = recorder<Down>(({ kind }) => kind);
  (await door.dial(never))(resume, events);
  first.events!.closed(away);
  assert.deepEqual([events.told, told, door.address], [["closed: unavailable"], [], "second"]);
  (await door.dial(never))(resume, events);
  second.events!.opened();
  second.events!.message({ kind: "ack", number: 1 });
  second.events!.drained();
  second.events!.closed(away);
  assert.deepEqual(events.told.slice(1), ["opened", "ack", "drained", "closed: unavailable"]);
  assert.deepEqual([told, door.address], [["lost"], "second"]);
});

Deno.test("addresses that are gone are closed, but for the one in use", () => {
  const { first, second, door } = rig();
  assert.equal(door.keep((target) => target === "a"), true);
  assert.deepEqual([door.targets, second.calls], [["a"], ["close"]]);
  assert.equal(door.keep(() => false), false);
  assert.deepEqual([door.targets, first.calls], [["a"], []]);
  const again = new FakeDoor("again");
  door.add("a", again);
  assert.deepEqual([first.calls, again.calls], [[], ["close"]]);
  door.close();
  assert.deepEqual(first.calls, ["close"]);
});

Deno.test("one that is given up says no farewell", async () => {
  const { first, door } = rig();
  await door.deregister("r1", 0, "over", never);
  door.isDropped = true;
  await door.deregister("r1", 0, "over", never);
  assert.deepEqual(first.calls, ["deregister"]);
});
