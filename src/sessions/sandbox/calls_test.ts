import assert from "node:assert/strict";
import { Calls, type Duplex } from "./calls.ts";
import { encodeHeader, type Frame, FrameReader } from "./frames.ts";

/** Two ends of a connection in memory. */
function pipe(): [Duplex, Duplex] {
  const directions = [
    new TransformStream<Uint8Array, Uint8Array>(),
    new TransformStream<Uint8Array, Uint8Array>(),
  ];
  const end = (from: ReadableStream<Uint8Array>, to: WritableStream<Uint8Array>): Duplex => {
    const reader = from.getReader();
    const writer = to.getWriter();
    let rest = new Uint8Array(0);
    return {
      async read(into) {
        if (rest.length === 0) {
          const { value, done } = await reader.read();
          if (done) return null;
          rest = new Uint8Array(value);
        }
        const count = Math.min(into.length, rest.length);
        into.set(rest.subarray(0, count));
        rest = rest.subarray(count);
        return count;
      },
      write: async (bytes) => {
        // Not all at once, as sockets do.
        const part = bytes.slice(0, Math.max(1, Math.ceil(bytes.length / 2)));
        await writer.write(part);
        return part.length;
      },
      close: () => {
        writer.close().catch(() => {});
        reader.cancel().catch(() => {});
      },
    };
  };
  return [
    end(directions[0]!.readable, directions[1]!.writable),
    end(directions[1]!.readable, directions[0]!.writable),
  ];
}

function rig() {
  const [near, far] = pipe();
  const events: Frame[] = [];
  const ends: (Error | undefined)[] = [];
  const calls = new Calls({
    connection: near,
    onEvent: (frame) => void events.push(frame),
    onEnd: (error) => void ends.push(error),
    ended: () => new Error("it ended"),
  });
  const reader = new FrameReader(far);
  const say = async (header: Record<string, unknown>, body = new Uint8Array(0)) => {
    for (let rest of [encodeHeader(header, body.length), body]) {
      while (rest.length > 0) rest = rest.subarray(await far.write(rest));
    }
  };
  return { calls, far, reader, say, events, ends };
}

const never = () => new AbortController().signal;

Deno.test("calls are answered, in whatever order, with events in between", async () => {
  const { calls, reader, say, events, far } = rig();
  const one = calls.call({ op: "one" }, undefined, never());
  const two = calls.call({ op: "two" }, new Uint8Array([1, 2, 3]), never());
  assert.deepEqual((await reader.next())?.header, { op: "one", id: 1 });
  const second = await reader.next();
  assert.deepEqual(second?.header, { op: "two", id: 2 });
  assert.deepEqual(second?.body, new Uint8Array([1, 2, 3]));
  await say({ event: "output" }, new Uint8Array([9]));
  await say({ id: 2, answer: "second" }, new Uint8Array([4]));
  await say({ id: 1, answer: "first" });
  assert.equal((await one).header["answer"], "first");
  assert.deepEqual((await two).body, new Uint8Array([4]));
  assert.deepEqual(events.map((event) => event.header), [{ event: "output" }]);
  calls.close();
  far.close();
});

Deno.test("a call that is given up rejects at once, and its late answer can be had", async () => {
  const { calls, reader, say, far } = rig();
  const abort = new AbortController();
  const late: Promise<Frame | undefined>[] = [];
  const call = calls.call({ op: "slow" }, undefined, abort.signal, (id, answer) => {
    assert.equal(id, 1);
    late.push(answer);
  });
  await reader.next();
  abort.abort(new Error("given up"));
  await assert.rejects(call, /given up/);
  await say({ id: 1, answer: "late" });
  assert.equal((await late[0])?.header["answer"], "late");
  const refused = AbortSignal.abort(new Error("before"));
  await assert.rejects(() => calls.call({ op: "never" }, undefined, refused), /before/);
  calls.close();
  far.close();
});

Deno.test("at the end of the connection all calls reject, later ones, too, and late answers never come", async () => {
  const { calls, reader, far, ends } = rig();
  const abort = new AbortController();
  const late: Promise<Frame | undefined>[] = [];
  const given = calls.call(
    { op: "given up" },
    undefined,
    abort.signal,
    (_, answer) => void late.push(answer),
  );
  const waiting = calls.call({ op: "waiting" }, undefined, never());
  await reader.next();
  await reader.next();
  abort.abort(new Error("given up"));
  await assert.rejects(given, /given up/);
  far.close();
  await assert.rejects(waiting, /it ended/);
  assert.equal(await late[0], undefined);
  await assert.rejects(() => calls.call({ op: "after" }, undefined, never()), /it ended/);
  calls.send({ op: "nobody hears it" });
  assert.deepEqual(ends, [undefined]);
  assert.equal(calls.isEnded, true);
});

Deno.test("what is no frame ends the connection, and is told", async () => {
  const { calls, reader, far, ends } = rig();
  const waiting = assert.rejects(calls.call({ op: "waiting" }, undefined, never()), /it ended/);
  await reader.next();
  await far.write(new Uint8Array(16).fill(255));
  await waiting;
  assert.match(String(ends[0]?.message), /none of a sandbox/);
  far.close();
});

Deno.test("finish closes after what was sent", async () => {
  const { calls, reader, far, ends } = rig();
  calls.send({ op: "last" }, new Uint8Array(10_000));
  calls.finish();
  const last = await reader.next();
  assert.equal(last?.body.length, 10_000);
  assert.equal(await reader.next(), undefined);
  assert.deepEqual(ends, [undefined]);
  far.close();
});
