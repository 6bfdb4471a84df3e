/** A workspace that takes carriers and drops them: the next ones are not opened without pause. */
import assert from "node:assert/strict";
import { silentLogger } from "../../../telemetry/logger.ts";
import { FakeClock, settle } from "../../../telemetry/testing/fake_clock.ts";
import { SessionError } from "../../types.ts";
import type { Carrier } from "./carrier.ts";
import { Link } from "./link.ts";
import { encodePacket, KIND, type Packet, Unpacker } from "./packets.ts";

/**
 * What the other side does with one carrier: `vain` drops it once it is bound, `ack` once it has received something,
 * `unwelcome` before anything; `none`: while it is opened.
 */
type Manner = "vain" | "ack" | "data" | "keep" | "unwelcome" | "none";

/** More are refused for good, so that a test ends whatever is wrong. */
const MOST = 400;

class Workspace {
  readonly clock = new FakeClock();
  /** When each was opened. */
  readonly opened: number[] = [];
  readonly carriers: Scripted[] = [];
  /** Bytes of each stream that were received and said. */
  readonly received = [0, 0];

  constructor(public manner: (number: number) => Manner) {}

  open = (): Promise<Carrier> => {
    if (this.opened.length >= MOST) return Promise.reject(new SessionError("forbidden", "too many"));
    this.opened.push(this.clock.now());
    const manner = this.manner(this.opened.length);
    if (manner === "none") return Promise.reject(new SessionError("unavailable", "it ended at once"));
    const carrier = new Scripted(this, manner);
    this.carriers.push(carrier);
    return Promise.resolve(carrier);
  };

  /** Milliseconds between each and the one before. */
  get pauses(): number[] {
    return this.opened.slice(1).map((at, index) => at - this.opened[index]!);
  }

  async pass(seconds: number): Promise<void> {
    for (let tick = 0; tick < seconds * 20; tick++) await this.clock.advance(50);
  }

  async link(): Promise<Link> {
    const { open, clock } = this;
    const options = { open, clock, log: silentLogger, random: () => 0.999_999 };
    const link = await Link.open(options, AbortSignal.timeout(60_000));
    await settle();
    return link;
  }
}

class Scripted implements Carrier {
  readonly packets: ReadableStream<readonly Packet[]>;
  #controller: ReadableStreamDefaultController<readonly Packet[]> | undefined;

  constructor(readonly workspace: Workspace, readonly manner: Manner) {
    this.packets = new ReadableStream({ start: (controller) => void (this.#controller = controller) });
  }

  send(bytes: Uint8Array): Promise<void> {
    if (this.#controller === undefined) return Promise.reject(new Error("closed"));
    for (const packet of new Unpacker().feed(bytes)) this.#take(packet);
    return Promise.resolve();
  }

  #take({ kind, stream, payload }: Packet): void {
    const { manner, workspace: { received } } = this;
    if (kind === KIND.HELLO) {
      if (manner === "unwelcome") return this.close();
      this.come({ kind: KIND.WELCOME });
    } else if (kind === KIND.BIND) {
      this.come({ kind: KIND.BIND, stream, received: received[stream]! });
      if (stream === 0 && manner === "data") {
        this.come({ kind: KIND.DATA, stream, received: received[stream]!, payload: Uint8Array.of(1) });
      }
      if (stream === 1 && (manner === "vain" || manner === "data")) this.close();
    } else if (kind === KIND.PING) this.come({ kind: KIND.PONG });
    else if (kind === KIND.DATA) {
      received[stream]! += payload.length;
      this.come({ kind: KIND.ACK, stream, received: received[stream]! });
      if (manner === "ack") this.close();
    }
  }

  come(packet: Partial<Packet> & Pick<Packet, "kind">): void {
    this.#controller?.enqueue(new Unpacker().feed(encodePacket(packet)));
  }

  close(): void {
    try {
      this.#controller?.close();
    } catch {
      // Its reader has let go of it.
    }
    this.#controller = undefined;
  }
}

Deno.test("carriers that are taken and dropped at once: the pauses between them grow up to some seconds", async () => {
  for (const manner of ["vain", "unwelcome"] as const) {
    const workspace = new Workspace((number) => number === 1 ? "vain" : manner);
    const link = await workspace.link();
    await workspace.pass(manner === "vain" ? 120 : 15);
    const { pauses, opened } = workspace;
    assert.equal(pauses[0], 0);
    for (const [index, pause] of pauses.slice(2).entries()) {
      const before = pauses[index + 1]!;
      assert.ok(pause >= Math.min(before, 3_900), `${pause} ms after ${before} ms (${manner})`);
    }
    assert.ok(opened.length > 6 && opened.length < 50, `${opened.length} carriers (${manner})`);
    assert.equal(link.failure, undefined);
    link.close();
  }
});

Deno.test("once one brings something forward, all goes on at once, and so does the next after it", async () => {
  const workspace = new Workspace((number) => number < 8 ? "vain" : "keep");
  const link = await workspace.link();
  await workspace.pass(20);
  assert.equal(workspace.opened.length, 8);
  await link.duplex(0).write(Uint8Array.of(1, 2, 3));
  await settle();
  assert.equal(workspace.received[0], 3);
  const now = workspace.clock.now();
  workspace.carriers.at(-1)!.close();
  await settle();
  assert.deepEqual(workspace.opened.slice(8), [now]);
  link.close();
});

Deno.test("one that lived long is made up for at once, also where nothing was to be done in it", async () => {
  const workspace = new Workspace((number) => number < 8 ? "vain" : "keep");
  const link = await workspace.link();
  await workspace.pass(30);
  for (let count = 0; count < 3; count++) {
    const now = workspace.clock.now();
    workspace.carriers.at(-1)!.close();
    await settle();
    assert.equal(workspace.opened.at(-1), now);
    await workspace.pass(6);
  }
  assert.equal(workspace.opened.length, 11);
  link.close();
});

Deno.test("carriers that break after a little was done are made up for at once", async () => {
  const workspace = new Workspace(() => "ack");
  const link = await workspace.link();
  for (let count = 1; count <= 30; count++) {
    await link.duplex(0).write(Uint8Array.of(count));
    await settle();
  }
  assert.equal(workspace.received[0], 30);
  assert.equal(workspace.opened.length, 31);
  assert.equal(workspace.clock.now(), 0);
  link.close();
});

Deno.test("a workspace that says a byte in each before it drops it does not get them without end", async () => {
  const workspace = new Workspace(() => "data");
  const link = await workspace.link();
  await workspace.pass(60);
  assert.ok(workspace.opened.length < 64 + 40, `${workspace.opened.length} carriers`);
  assert.ok(workspace.pauses.at(-1)! >= 1_000);
  link.close();
});

Deno.test("a carrier for what is large that is dropped at once is not opened again and again", async () => {
  for (const manner of ["vain", "unwelcome", "none"] as const) {
    const workspace = new Workspace((number) => number === 1 ? "keep" : manner);
    const link = await workspace.link();
    const [first] = workspace.carriers;
    const into = new Uint8Array(65_536);
    const payload = new Uint8Array(60_000);
    for (let count = 0; count < 300; count++) {
      first!.come({ kind: KIND.DATA, stream: 1, received: 0, payload });
      await link.duplex(1).read(into);
      await workspace.clock.advance(100);
    }
    // 30 s have passed.
    const { length } = workspace.opened;
    assert.ok(length > 3 && length < 20, `${length} carriers (${manner})`);
    assert.equal(link.carriers, 1);
    link.close();
  }
});

Deno.test("closing ends the wait for the next carrier", async () => {
  const workspace = new Workspace(() => "vain");
  const link = await workspace.link();
  await workspace.pass(5);
  const count = workspace.opened.length;
  link.close();
  await settle();
  assert.equal(workspace.clock.pendingTimers, 0);
  await workspace.pass(10);
  assert.equal(workspace.opened.length, count);
});
