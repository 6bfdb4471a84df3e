/** Nothing is lost and nothing comes twice, wherever carriers break: two streams, and what is on its way between them. */
import assert from "node:assert/strict";
import { below, pick, seededRandom } from "../../../telemetry/testing/random.ts";
import { KIND, type Packet, Unpacker } from "./packets.ts";
import { LinkStream, PIECE, TELL, WINDOW } from "./stream.ts";

/** One side, with what it was given and what it got. */
class Side {
  readonly stream = new LinkStream(0);
  readonly got: number[] = [];
  given = 0;
  isBound = false;
  /** On their way to the other side, on this carrier. */
  wire: Packet[] = [];

  give(count: number): void {
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count; at++) bytes[at] = (this.given + at) % 251;
    this.given += count;
    this.stream.queue(bytes);
  }

  send(bytes: Uint8Array | undefined): boolean {
    if (bytes === undefined) return false;
    this.wire.push(...new Unpacker().feed(bytes));
    return true;
  }

  take({ kind, received, payload }: Packet): void {
    if (kind === KIND.BIND) {
      this.stream.resume(received);
      this.isBound = true;
      return;
    }
    if (!this.isBound) return;
    this.stream.acknowledged(received);
    if (kind !== KIND.DATA) return;
    this.stream.data(payload);
    this.got.push(...payload);
  }

  check(of: Side): void {
    assert.ok(this.got.length <= of.given, "no more comes than was given");
    for (let at = Math.max(0, this.got.length - 100); at < this.got.length; at++) {
      assert.equal(this.got[at], at % 251, `byte ${at}`);
    }
  }
}

class Model {
  readonly one = new Side();
  readonly other = new Side();

  constructor() {
    this.connect();
  }

  /** A new carrier: one side asks, the other answers. What was on its way is gone, from any point on. */
  connect(): void {
    for (const side of [this.one, this.other]) {
      side.wire = [];
      side.isBound = false;
    }
    this.one.send(this.one.stream.bind());
  }

  deliver(from: Side, to: Side): boolean {
    const packet = from.wire.shift();
    if (packet === undefined) return false;
    to.take(packet);
    if (packet.kind === KIND.BIND && to === this.other) to.send(to.stream.bind());
    to.send(to.stream.tell());
    return true;
  }

  steps: Readonly<Record<string, (random: () => number) => void>> = {
    give: (random) => this.one.give(below(random, 3 * PIECE)),
    giveBack: (random) => this.other.give(below(random, 3 * PIECE)),
    send: () => void (this.one.isBound && this.one.send(this.one.stream.take())),
    sendBack: () => void (this.other.isBound && this.other.send(this.other.stream.take())),
    deliver: () => void this.deliver(this.one, this.other),
    deliverBack: () => void this.deliver(this.other, this.one),
    tell: () => void (this.one.isBound && this.one.send(this.one.stream.tell(true))),
    tellBack: () => void (this.other.isBound && this.other.send(this.other.stream.tell(true))),
    breakOff: () => this.connect(),
  };

  check(): void {
    this.one.check(this.other);
    this.other.check(this.one);
  }

  calmDown(): void {
    const calm = ["send", "sendBack", "deliver", "deliverBack", "tell", "tellBack"];
    for (let round = 0; round < 5_000; round++) for (const name of calm) this.steps[name]!(() => 0);
    this.check();
    assert.equal(this.one.got.length, this.other.given);
    assert.equal(this.other.got.length, this.one.given);
    assert.deepEqual(
      [this.one.stream.outstanding, this.other.stream.outstanding],
      [0, 0],
      "nothing is kept for ever",
    );
  }
}

Deno.test("streams: carriers that break at any point lose nothing, and repeat nothing", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed);
    const model = new Model();
    const names = Object.keys(model.steps);
    const breaks = below(random, 4);
    try {
      for (let step = 0; step < 500; step++) {
        const name = pick(random, names);
        // Some runs with few breaks, so that much happens on one carrier.
        if (name === "breakOff" && below(random, 4) < breaks) continue;
        model.steps[name]!(random);
        model.check();
      }
      model.calmDown();
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});

Deno.test("streams: no more is on its way than the window, and much is acknowledged by itself", () => {
  const stream = new LinkStream(1);
  stream.queue(new Uint8Array(2 * WINDOW));
  let sent = 0;
  for (let packet = stream.take(); packet !== undefined; packet = stream.take()) {
    const [one] = new Unpacker().feed(packet);
    assert.ok(one!.payload.length <= PIECE);
    assert.equal(one!.stream, 1);
    sent += one!.payload.length;
  }
  assert.ok(sent >= WINDOW && sent < WINDOW + PIECE, `${sent}`);
  assert.equal(stream.outstanding, 2 * WINDOW);
  stream.acknowledged(PIECE);
  assert.notEqual(stream.take(), undefined);

  assert.equal(stream.tell(), undefined);
  stream.data(new Uint8Array(TELL - 1));
  assert.equal(stream.tell(), undefined);
  stream.data(new Uint8Array(1));
  assert.equal(new Unpacker().feed(stream.tell()!)[0]!.received, TELL);
  assert.equal(stream.tell(true), undefined, "it was said");
});

Deno.test("streams: who says to have more than was sent is none of ours", () => {
  const stream = new LinkStream(0);
  stream.queue(new Uint8Array(10));
  assert.throws(() => stream.acknowledged(5), /were received/);
});
