/** A link over carriers that a test leads: what it says, when it asks for a sign, when it gives up. */
import assert from "node:assert/strict";
import { silentLogger } from "../../../telemetry/logger.ts";
import { FakeClock, settle } from "../../../telemetry/testing/fake_clock.ts";
import { SessionError } from "../../types.ts";
import type { Carrier } from "./carrier.ts";
import { Link } from "./link.ts";
import { encodePacket, KIND, type Packet, Unpacker } from "./packets.ts";
import { LinkStream } from "./stream.ts";

/** The other side: welcomes, binds, and keeps what has come. */
class Daemon {
  readonly streams = [new LinkStream(0), new LinkStream(1)];
  readonly carriers: FakeCarrier[] = [];
  readonly at: (FakeCarrier | undefined)[] = [undefined, undefined];
  readonly got = ["", ""];
  hellos: unknown[] = [];
  /** Why the next ones cannot be opened. */
  refuse: Error | undefined;
  welcomes = true;

  open = (): Promise<Carrier> => {
    if (this.refuse !== undefined) return Promise.reject(this.refuse);
    const carrier = new FakeCarrier(this);
    this.carriers.push(carrier);
    return Promise.resolve(carrier);
  };

  say(stream: 0 | 1, text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.streams[stream]!.queue(bytes);
    const carrier = this.at[stream];
    for (
      let packet = this.streams[stream]!.take();
      packet !== undefined;
      packet = this.streams[stream]!.take()
    ) {
      carrier?.come(packet);
    }
  }
}

class FakeCarrier implements Carrier {
  readonly packets: ReadableStream<readonly Packet[]>;
  readonly sent: Packet[] = [];
  isClosed = false;
  /** What is sent goes nowhere, and nothing comes. */
  isSilent = false;
  #controller: ReadableStreamDefaultController<readonly Packet[]> | undefined;

  constructor(readonly daemon: Daemon) {
    this.packets = new ReadableStream({ start: (controller) => void (this.#controller = controller) });
  }

  send(bytes: Uint8Array): Promise<void> {
    if (this.isClosed) return Promise.reject(new Error("closed"));
    for (const packet of new Unpacker().feed(bytes)) {
      this.sent.push(packet);
      if (!this.isSilent) this.#take(packet);
    }
    return Promise.resolve();
  }

  #take({ kind, stream, received, payload }: Packet): void {
    const { daemon } = this;
    const one = daemon.streams[stream]!;
    if (kind === KIND.HELLO) {
      daemon.hellos.push(JSON.parse(new TextDecoder().decode(payload)));
      if (daemon.welcomes) this.come(encodePacket({ kind: KIND.WELCOME }));
    } else if (kind === KIND.BIND) {
      daemon.at[stream] = this;
      one.resume(received);
      this.come(one.bind());
    } else if (kind === KIND.PING) this.come(encodePacket({ kind: KIND.PONG }));
    else if (kind === KIND.DATA && daemon.at[stream] === this) {
      one.acknowledged(received);
      one.data(payload);
      daemon.got[stream] += new TextDecoder().decode(payload);
      this.come(one.tell(true)!);
    }
  }

  come(bytes: Uint8Array): void {
    if (!this.isSilent && !this.isClosed) this.#controller?.enqueue(new Unpacker().feed(bytes));
  }

  breakOff(): void {
    this.close();
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    try {
      this.#controller?.close();
    } catch {
      // Its reader has let go of it.
    }
  }
}

async function rig(): Promise<{ daemon: Daemon; link: Link; clock: FakeClock }> {
  const daemon = new Daemon();
  const clock = new FakeClock();
  const link = await Link.open(
    { open: daemon.open, clock, log: silentLogger, patienceMs: 20_000 },
    new AbortController().signal,
  );
  await settle();
  return { daemon, link, clock };
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

async function readText(link: Link, stream: 0 | 1, length: number): Promise<string> {
  let text = "";
  while (text.length < length) {
    const into = new Uint8Array(100);
    const count = await link.duplex(stream).read(into);
    if (count === null) return `${text}, and its end`;
    text += new TextDecoder().decode(into.subarray(0, count));
  }
  return text;
}

Deno.test("a link introduces itself once as new, and carries both streams both ways", async () => {
  const { daemon, link } = await rig();
  await link.duplex(0).write(bytesOf("small"));
  await link.duplex(1).write(bytesOf("large"));
  await settle();
  assert.deepEqual(daemon.got, ["small", "large"]);
  daemon.say(0, "answer");
  assert.equal(await readText(link, 0, 6), "answer");
  assert.deepEqual((daemon.hellos as { isNew: boolean }[]).map(({ isNew }) => isNew), [true]);
  link.close();
});

Deno.test("a carrier that breaks is replaced at once, and what was on its way comes once", async () => {
  const { daemon, link } = await rig();
  daemon.carriers[0]!.isSilent = true;
  await link.duplex(0).write(bytesOf("not heard;"));
  daemon.streams[0]!.queue(bytesOf("not told;"));
  await settle();
  daemon.carriers[0]!.breakOff();
  await settle();
  assert.equal(daemon.carriers.length, 2);
  assert.deepEqual((daemon.hellos as { isNew: boolean }[]).map(({ isNew }) => isNew), [true, false]);
  daemon.say(0, "told");
  assert.equal(await readText(link, 0, 13), "not told;told");
  assert.equal(daemon.got[0], "not heard;");
  link.close();
});

Deno.test("a carrier that falls silent is asked for a sign, then replaced", async () => {
  const { daemon, link, clock } = await rig();
  const [first] = daemon.carriers;
  first!.isSilent = true;
  await link.duplex(0).write(bytesOf("x"));
  for (let second = 0; second < 9; second++) {
    clock.advance(1_000);
    await settle();
  }
  assert.ok(first!.sent.some(({ kind }) => kind === KIND.PING));
  assert.equal(daemon.carriers.length, 2);
  assert.equal(daemon.got[0], "x");
  assert.ok(first!.isClosed);
  link.close();
});

Deno.test("a quiet carrier that gives signs stays", async () => {
  const { daemon, link, clock } = await rig();
  for (let second = 0; second < 60; second++) {
    clock.advance(1_000);
    await settle();
  }
  assert.equal(daemon.carriers.length, 1);
  assert.ok(daemon.carriers[0]!.sent.filter(({ kind }) => kind === KIND.PING).length >= 4);
  link.close();
});

Deno.test("without any carrier nothing is taken, and after a while it fails, for good, and says why", async () => {
  const { daemon, link, clock } = await rig();
  daemon.refuse = new SessionError("unavailable", "the workspace is stopped");
  daemon.carriers[0]!.breakOff();
  await settle();
  const writing = link.duplex(0).write(bytesOf("never"));
  const refused = assert.rejects(() => writing, /the workspace is stopped/);
  for (let second = 0; second < 30 && link.failure === undefined; second++) {
    await settle();
    clock.advance(1_000);
  }
  await settle();
  await refused;
  assert.equal(link.failure?.code, "unavailable");
  assert.equal(daemon.got[0], "");
  assert.equal(await readText(link, 0, 1), ", and its end");
});

Deno.test("what no patience mends ends it at once", async () => {
  const { daemon, link } = await rig();
  daemon.refuse = new SessionError("forbidden", "no right");
  daemon.carriers[0]!.breakOff();
  await settle();
  assert.equal(link.failure?.code, "forbidden");

  const other = await rig();
  other.daemon.carriers[0]!.come(encodePacket({ kind: KIND.LOST }));
  await settle();
  assert.match(String(other.link.failure?.message), /does not know/);
});

Deno.test("one that is never welcomed is tried again, and fails", async () => {
  const daemon = new Daemon();
  daemon.welcomes = false;
  const clock = new FakeClock();
  const link = await Link.open({ open: daemon.open, clock, log: silentLogger }, new AbortController().signal);
  for (let second = 0; second < 60 && link.failure === undefined; second++) {
    clock.advance(1_000);
    await settle();
  }
  assert.match(String(link.failure?.message), /does not answer/);
  assert.ok(daemon.carriers.length > 1);
  assert.ok(daemon.carriers.every(({ isClosed }) => isClosed));
});

Deno.test("a first carrier that breaks before anybody knows of the client loses nothing", async () => {
  const daemon = new Daemon();
  const opened = await Link.open(
    {
      open: async () => {
        const carrier = await daemon.open() as FakeCarrier;
        carrier.isSilent = daemon.carriers.length === 1;
        return carrier;
      },
      clock: new FakeClock(),
      log: silentLogger,
    },
    new AbortController().signal,
  );
  await opened.duplex(0).write(bytesOf("first"));
  await settle();
  daemon.carriers[0]!.breakOff();
  await settle();
  assert.deepEqual((daemon.hellos as { isNew: boolean }[]).map(({ isNew }) => isNew), [true]);
  assert.equal(daemon.got[0], "first");
  opened.close();
});

Deno.test("much of the second stream gets a carrier of its own, which is let go when nothing more comes", async () => {
  const { daemon, link, clock } = await rig();
  const large = "x".repeat(300_000);
  for (let at = 0; at < large.length; at += 100_000) {
    await link.duplex(1).write(bytesOf(large.slice(at, at + 100_000)));
    await settle();
  }
  assert.equal(daemon.carriers.length, 2);
  assert.equal(daemon.at[1], daemon.carriers[1]);
  assert.equal(daemon.at[0], daemon.carriers[0]);
  assert.equal(daemon.got[1], large);
  // Where it breaks, the other one takes over.
  daemon.carriers[1]!.breakOff();
  await settle();
  assert.equal(daemon.at[1], daemon.carriers[0]);
  await link.duplex(1).write(bytesOf("more"));
  await settle();
  assert.ok(daemon.got[1]!.endsWith("more"));
  for (let second = 0; second < 90; second++) {
    clock.advance(1_000);
    await settle();
  }
  assert.equal(link.carriers, 1);
  link.close();
});

Deno.test("closing says good-bye, and twice is no more than once", async () => {
  const { daemon, link } = await rig();
  link.close();
  link.close();
  await settle();
  const [carrier] = daemon.carriers;
  assert.equal(carrier!.sent.filter(({ kind }) => kind === KIND.BYE).length, 1);
  assert.ok(carrier!.isClosed);
  await assert.rejects(() => link.duplex(0).write(bytesOf("x")), /closed/);
});
