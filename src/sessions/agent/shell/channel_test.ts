/** A terminal whose other end says what it likes. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Terminal, TerminalEnd } from "../../../coder/terminal.ts";
import { Channel, ChannelBroken } from "./channel.ts";

const signal = () => AbortSignal.timeout(60_000);

/** `answer` gets the number of each request, and what is to be said, piece by piece. */
class Liar implements Terminal {
  readonly reconnect = crypto.randomUUID();
  readonly #end = Promise.withResolvers<TerminalEnd>();
  readonly closed = this.#end.promise;
  readonly output: ReadableStream<Uint8Array>;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  isClosed = false;
  said = 0;

  constructor(readonly mark: string, readonly answer: (id: string, mark: string) => Iterable<string>) {
    this.output = new ReadableStream({ start: (controller) => void (this.#controller = controller) });
    this.say(`\n${mark} h 42\n`);
  }

  say(text: string): void {
    if (this.isClosed) return;
    this.said += text.length;
    this.#controller.enqueue(new Uint8Array(Buffer.from(text, "latin1")));
  }

  async type(text: string): Promise<void> {
    const id = /^(\d+) (short|long) 0 /.exec(text)?.[1];
    if (id === undefined) return this.say(`\n${this.mark} r\n`);
    for (const piece of this.answer(id, this.mark)) {
      if (this.isClosed) return;
      this.say(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#controller.close();
    this.#end.resolve({ code: 1000, reason: "" });
  }
}

async function liar(answer: (id: string, mark: string) => Iterable<string>) {
  let terminal: Liar | undefined;
  const channel = await Channel.open(
    (command) => {
      const mark = /[0-9a-f]{32}/.exec(command)![0];
      return Promise.resolve(terminal = new Liar(mark, answer));
    },
    "sess-liar",
    signal(),
  );
  return { channel, terminal: terminal! };
}

Deno.test("an answer is what comes between the lines of its request", async () => {
  const { channel, terminal } = await liar((id, mark) => [
    `noise\n${mark} b ${id}\n`,
    Buffer.from("ok 1\n").toString("base64"),
    `\n\n${mark} e ${id}\n`,
  ]);
  assert.equal(channel.pid, 42);
  assert.equal(new TextDecoder().decode(await channel.ask("true", {}, signal())), "ok 1\n");
  assert.ok(channel.isOpen);
  channel.close();
  assert.ok(terminal.isClosed);
});

Deno.test("an answer without an end is given up, and its terminal with it", async () => {
  const piece = "A".repeat(4_096);
  const { channel, terminal } = await liar(function* (id, mark) {
    yield `\n${mark} b ${id}\n`;
    for (let i = 0; i < 4_096; i++) yield piece;
  });
  await assert.rejects(channel.ask("true", { mostBytes: 65_536 }, signal()), (error) => {
    assert.ok(error instanceof ChannelBroken);
    assert.match(error.message, /longer than any should be/);
    return true;
  });
  assert.ok(terminal.isClosed);
  assert.ok(terminal.said < 4_096 * 1_024, `${terminal.said} characters were taken`);
});

Deno.test("a line of the frame without an end is given up, too", async () => {
  const { channel, terminal } = await liar(function* (_id, mark) {
    yield `\n${mark} b `;
    for (let i = 0; i < 4_096; i++) yield "1".repeat(4_096);
  });
  await assert.rejects(channel.ask("true", {}, signal()), /is no answer/);
  assert.ok(terminal.isClosed);
  assert.ok(terminal.said < 4_096 * 1_024);
});

Deno.test("noise without an end takes no room", async () => {
  const { channel } = await liar(function* (id, mark) {
    for (let i = 0; i < 256; i++) yield "noise ".repeat(1_000);
    yield `\n${mark} b ${id}\n\n${mark} e ${id}\n`;
  });
  assert.equal((await channel.ask("true", { mostBytes: 1 }, signal())).length, 0);
  channel.close();
});
