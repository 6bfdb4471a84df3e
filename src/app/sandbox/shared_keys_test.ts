import assert from "node:assert/strict";
import { OVERLAP_MS, ROTATE_MS, SETTLE_MS } from "../../mcp/keys/key_ring.ts";
import { recordingLogger } from "../../kube/testing/recording_logger.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import { FakeClock, settle } from "../../telemetry/testing/fake_clock.ts";
import { storedClaims, StoredKeys, type StoredKeysOptions } from "./shared_keys.ts";

/** One text that several read and write. */
class FakeText {
  kept: string | undefined;
  /** Why it cannot be reached. */
  away: Error | undefined;
  reads = 0;

  read(): Promise<string | undefined> {
    this.reads++;
    return this.away === undefined ? Promise.resolve(this.kept) : Promise.reject(this.away);
  }
  replace(before: string | undefined, after: string): Promise<boolean> {
    if (this.away !== undefined) return Promise.reject(this.away);
    const isSame = this.kept === before;
    if (isSame) this.kept = after;
    return Promise.resolve(isSame);
  }
}

class World {
  readonly text = new FakeText();
  readonly clock = new FakeClock();
  readonly secrets: string[] = [];
  readonly #end = new AbortController();
  readonly #running: Promise<void>[] = [];
  now = Date.parse("2026-11-22T00:00:00Z");

  coordinator(options: Partial<StoredKeysOptions> = {}): StoredKeys {
    const keys = new StoredKeys({
      text: this.text,
      keepSecret: (secret) => void this.secrets.push(secret),
      log: silentLogger,
      clock: this.clock,
      now: () => this.now,
      ...options,
    });
    this.#running.push(keys.run(this.#end.signal));
    return keys;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await Promise.all(this.#running);
  }
}

Deno.test("of coordinators that begin at once one makes the keys, and all have them", async () => {
  await using world = new World();
  const all = Array.from({ length: 5 }, () => world.coordinator());
  await Promise.all(all.map((one) => one.whenReady(AbortSignal.timeout(60_000))));
  const [first] = all;
  for (const one of all) {
    assert.deepEqual(one.keys(), first!.keys());
    assert.equal(one.trouble, "");
  }
  assert.equal(first!.keys().current.length, 32);
  assert.ok(world.secrets.includes(first!.keys().current.toBase64()));
});

Deno.test("keys are the same after a restart", async () => {
  await using world = new World();
  const one = world.coordinator();
  await settle();
  const other = world.coordinator();
  await settle();
  assert.deepEqual(other.keys(), one.keys());
});

Deno.test("old keys are renewed by one, believed by all before they are signed with, and the ones before for days", async () => {
  await using world = new World();
  const [one, other] = [world.coordinator(), world.coordinator()];
  await settle();
  const { current: before } = one.keys();
  world.now += ROTATE_MS;
  await world.clock.advance(20_000);
  assert.deepEqual(one.keys(), other.keys());
  assert.equal(one.keys().all.length, 2);
  assert.deepEqual(one.keys().current, before);
  world.now += SETTLE_MS;
  assert.notDeepEqual(one.keys().current, before);
  assert.deepEqual(one.keys().current, other.keys().current);
  assert.deepEqual(one.keys().all[1], before);
  world.now += OVERLAP_MS;
  assert.equal(other.keys().all.length, 1);
});

Deno.test("until they can be read they are of this process, and it is told; what is known stays good", async () => {
  await using world = new World();
  world.text.away = new Error("the session store does not answer");
  const keys = world.coordinator();
  await settle();
  assert.match(keys.trouble, /cannot be read: the session store does not answer/);
  const own = keys.keys();
  assert.equal(keys.keys(), own);
  world.text.away = undefined;
  await world.clock.advance(500);
  await keys.whenReady(AbortSignal.timeout(60_000));
  const shared = keys.keys();
  assert.notDeepEqual(shared.current, own.current);
  world.text.away = new Error("away");
  await world.clock.advance(60_000);
  assert.equal(keys.trouble, "");
  assert.deepEqual(keys.keys(), shared);
});

Deno.test("who does not want to wait any more is told", async () => {
  await using world = new World();
  world.text.away = new Error("away");
  const keys = world.coordinator();
  await assert.rejects(keys.whenReady(AbortSignal.abort(new Error("enough"))), { message: "enough" });
});

Deno.test("what is kept and is no keys is replaced, and that is told", async () => {
  for (const kept of ["", "{", "{}", '{"current":"c2hvcnQ=","since":1}', "null"]) {
    await using world = new World();
    world.text.kept = kept;
    const { logger, lines } = recordingLogger();
    const keys = world.coordinator({ log: logger });
    await settle();
    assert.equal(keys.trouble, "");
    assert.notEqual(world.text.kept, kept);
    assert.ok(lines.some(({ message }) => /cannot be read: new ones are made/.test(message)), kept);
    assert.ok(!JSON.stringify(lines).includes(keys.keys().current.toBase64()));
  }
});

Deno.test("others that write again and again are no reason to give up", async () => {
  await using world = new World();
  const { text } = world;
  const replace = text.replace.bind(text);
  text.replace = () => Promise.resolve(false);
  const keys = world.coordinator();
  await settle();
  assert.match(keys.trouble, /again and again/);
  text.replace = replace;
  await world.clock.advance(500);
  assert.equal(keys.trouble, "");
});

Deno.test("a claim is good for a minute longer than its plan, also for one that is over", async () => {
  const { signal } = new AbortController();
  const asked: [string, number][] = [];
  const claims = storedClaims({
    claim: (what, forMs) => {
      asked.push([what, forMs]);
      return Promise.resolve(true);
    },
  }, () => 1_000);
  assert.equal(await claims.claim("a", 5_000, signal), true);
  assert.equal(await claims.claim("b", 500, signal), true);
  assert.deepEqual(asked, [["a", 64_000], ["b", 60_000]]);
  const end = new AbortController();
  const running = claims.run(end.signal);
  end.abort();
  await running;
});
