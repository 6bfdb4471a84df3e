import assert from "node:assert/strict";
import { ProcessClock, settle, START_MS, VirtualClock } from "./virtual_clock.ts";
import { type Delivery, type Exchange, Wire } from "./wire.ts";

function rig({ lingers = true } = {}) {
  const clock = new VirtualClock();
  const wire = new Wire(clock, () => lingers);
  const sender = { name: "operator-1", clock: new ProcessClock(clock), isDead: false };
  const served: boolean[] = [];
  const send = (fields: Partial<Exchange<string>> = {}) =>
    wire.send<string>({
      from: sender,
      to: "api",
      what: "GET x",
      writes: true,
      serve: (late) => {
        served.push(late);
        return "answer";
      },
      broken: (why) => new Error(why),
      timeoutMs: 1_000,
      ...fields,
    });
  return { clock, wire, sender, served, send };
}

Deno.test("a request waits until it is delivered, and its answer comes at once", async () => {
  const { wire, served, send } = rig();
  const answer = send();
  assert.deepEqual(wire.pending.map(({ what, isAwaited }) => [what, isAwaited]), [["GET x", true]]);
  assert.equal(served.length, 0);
  wire.deliver(wire.pending[0]!);
  assert.equal(await answer, "answer");
  assert.deepEqual([wire.pending.length, served], [0, [false]]);
});

Deno.test("what the server throws is the answer", async () => {
  const { wire, send } = rig();
  const answer = assert.rejects(
    send({
      serve: () => {
        throw new Error("conflict");
      },
    }),
    /conflict/,
  );
  wire.deliver(wire.pending[0]!);
  await answer;
});

Deno.test("a broken exchange was carried out or not, as it is said", async () => {
  const error = new Error("trouble");
  const rows: [Delivery, boolean, RegExp][] = [
    ["refused", false, /refused/],
    ["answer lost", true, /answer lost/],
    [{ error, done: false }, false, /trouble/],
    [{ error, done: true }, true, /trouble/],
  ];
  for (const [how, done, message] of rows) {
    const { wire, served, send } = rig();
    const answer = assert.rejects(send(), message);
    wire.deliver(wire.pending[0]!, how);
    await answer;
    assert.equal(served.length === 1, done, JSON.stringify(how));
  }
});

Deno.test("whoever gives up is told so, and what was sent may arrive late", async () => {
  const { clock, wire, served, send } = rig();
  const answer = assert.rejects(send(), /timeout/);
  while (clock.step(START_MS + 1_000)) await settle();
  await answer;
  assert.equal(wire.pending[0]?.isAwaited, false);
  wire.deliver(wire.pending[0]!);
  assert.deepEqual(served, [true]);
});

Deno.test("reads that nobody waits for are forgotten, and so is what lingers for too long", async () => {
  const { clock, wire, send } = rig();
  const abort = new AbortController();
  const answers = [send({ writes: false, signal: abort.signal }), send({ signal: abort.signal })];
  abort.abort();
  for (const answer of answers) await assert.rejects(answer, /aborted/);
  assert.equal(wire.pending.length, 1);
  clock.step(START_MS + 30_000);
  wire.dropLate();
  assert.equal(wire.pending.length, 0);
});

Deno.test("what a process sent before it died lingers or not, and it sends nothing after", async () => {
  for (const lingers of [true, false]) {
    const { wire, sender, send } = rig({ lingers });
    const answer = assert.rejects(send(), /aborted/);
    sender.isDead = true;
    wire.died(sender);
    await answer;
    assert.equal(wire.pending.length, lingers ? 1 : 0);
    await assert.rejects(send(), /refused/);
    await assert.rejects(rig().send({ signal: AbortSignal.abort() }), /aborted/);
  }
});
