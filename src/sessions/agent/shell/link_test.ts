/** Terminals of a workspace that takes them and drops them: the next ones are not opened without pause. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Terminal, TerminalEnd } from "../../../coder/terminal.ts";
import { silentLogger } from "../../../telemetry/logger.ts";
import { FakeClock } from "../../../telemetry/testing/fake_clock.ts";
import { Link } from "./link.ts";

/** When the other side drops a terminal: at once, once it has answered a request, or never. */
type Manner = "vain" | "answers" | "keep";

class Workspace {
  readonly clock = new FakeClock();
  /** When each was opened. */
  readonly opened: number[] = [];
  readonly terminals: Scripted[] = [];
  readonly link: Link;

  constructor(readonly manner: (number: number) => Manner) {
    this.link = new Link({
      session: "sess-drops",
      open: (command) => {
        this.opened.push(this.clock.now());
        const terminal = new Scripted(/[0-9a-f]{32}/.exec(command)![0], this.manner(this.opened.length));
        this.terminals.push(terminal);
        return Promise.resolve(terminal);
      },
      log: silentLogger,
      clock: this.clock,
      random: () => 0.999_999,
    });
  }

  get pauses(): number[] {
    return this.opened.slice(1).map((at, index) => at - this.opened[index]!);
  }

  /** Lets time pass until it has settled. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isOver = false;
    const over = () => void (isOver = true);
    promise.then(over, over);
    for (let tick = 0; tick < 10_000 && !isOver; tick++) await this.clock.advance(50);
    assert.ok(isOver, "it goes on and on");
    return await promise;
  }

  ask(): Promise<Uint8Array> {
    return this.until(this.link.ask("true", AbortSignal.timeout(60_000)));
  }
}

class Scripted implements Terminal {
  readonly reconnect = crypto.randomUUID();
  readonly #end = Promise.withResolvers<TerminalEnd>();
  readonly closed = this.#end.promise;
  readonly output: ReadableStream<Uint8Array>;
  #show: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(readonly mark: string, readonly manner: Manner) {
    this.output = new ReadableStream({ start: (controller) => void (this.#show = controller) });
    if (manner === "vain") this.close();
    else this.#say(`\n${mark} h 42\n`);
  }

  #say(text: string): void {
    this.#show?.enqueue(new Uint8Array(Buffer.from(text, "latin1")));
  }

  type(text: string): Promise<void> {
    const id = /^(\d+) (short|long) 0 /.exec(text)?.[1];
    if (id === undefined) this.#say(`\n${this.mark} r\n`);
    else {
      this.#say(`\n${this.mark} b ${id}\nb2s=\n\n${this.mark} e ${id}\n`);
      if (this.manner === "answers") this.close();
    }
    return Promise.resolve();
  }

  close(): void {
    try {
      this.#show?.close();
    } catch {
      // Its reader has let go of it.
    }
    this.#show = undefined;
    this.#end.resolve({ code: 1006, reason: "" });
  }
}

Deno.test("terminals that are dropped at once: the pauses between them grow up to some seconds, also over calls", async () => {
  const workspace = new Workspace(() => "vain");
  await assert.rejects(workspace.ask(), { code: "unavailable", message: /nothing was done/ });
  assert.deepEqual(workspace.pauses.map((pause) => Math.round(pause / 10) * 10), [
    0,
    100,
    200,
    400,
    800,
    1_600,
    3_200,
  ]);
  await assert.rejects(workspace.ask(), { code: "unavailable" });
  assert.equal(workspace.opened.length, 16);
  assert.ok(workspace.pauses.slice(8).every((pause) => pause >= 3_900), workspace.pauses.join());
  workspace.link.close();
});

Deno.test("many calls at once share the pauses, and none waits long for its turn", async () => {
  const workspace = new Workspace(() => "vain");
  const calls = Array.from({ length: 20 }, () => workspace.link.ask("true", AbortSignal.timeout(60_000)));
  const ends = await workspace.until(Promise.allSettled(calls));
  const refused = ends.map((end) => end.status === "rejected" ? String(end.reason) : "an answer");
  assert.ok(refused.every((why) => /cannot be reached|as soon as they are opened/.test(why)), refused.join());
  const seconds = workspace.clock.now() / 1_000;
  assert.ok(seconds < 90, `${seconds} s`);
  // Those that began together, then one after the other.
  assert.ok(workspace.opened.length < 10 + seconds, `${workspace.opened.length} terminals in ${seconds} s`);
  workspace.link.close();
});

Deno.test("once one has answered, the next after it is opened at once", async () => {
  const workspace = new Workspace((number) => number < 6 ? "vain" : "answers");
  assert.equal(new TextDecoder().decode(await workspace.ask()), "ok");
  assert.equal(workspace.opened.length, 6);
  const now = workspace.clock.now();
  for (let count = 0; count < 10; count++) await workspace.link.ask("true", AbortSignal.timeout(60_000));
  assert.equal(workspace.clock.now(), now);
  assert.equal(workspace.opened.length, 16);
  workspace.link.close();
});

Deno.test("a workspace that answers once in each and drops it does not get them without end", async () => {
  const workspace = new Workspace(() => "answers");
  for (let count = 0; count < 100; count++) await workspace.ask();
  assert.equal(workspace.opened.length, 100);
  assert.ok(workspace.pauses.slice(70).every((pause) => pause >= 1_900), workspace.pauses.join());
  workspace.link.close();
});

Deno.test("a terminal that is free serves who waits for the next one to be opened", async () => {
  const workspace = new Workspace((number) => number === 1 ? "keep" : "vain");
  const { link, clock } = workspace;
  await workspace.ask();
  // The first is in use; those beside it are dropped, and their pauses grow.
  const calls = Array.from({ length: 10 }, () => link.ask("true", AbortSignal.timeout(60_000)));
  const answers = await Promise.all(calls);
  assert.ok(answers.every((answer) => new TextDecoder().decode(answer) === "ok"));
  assert.equal(clock.now(), 50);
  link.close();
});

Deno.test("who waits is told of an abort, and of the end of the link, at once", async () => {
  const workspace = new Workspace(() => "vain");
  await assert.rejects(workspace.ask());
  const abort = new AbortController();
  const given = workspace.link.ask("true", abort.signal);
  const closed = workspace.link.ask("true", AbortSignal.timeout(60_000));
  abort.abort(new Error("given up"));
  await assert.rejects(given, /given up/);
  workspace.link.close();
  await assert.rejects(closed, { code: "session_ended" });
  assert.equal(workspace.clock.pendingTimers, 0);
  assert.equal(workspace.opened.length, 8);
});
