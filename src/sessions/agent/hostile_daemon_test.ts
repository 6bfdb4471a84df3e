/** A daemon that says what it likes: it runs where the session does. */
import assert from "node:assert/strict";
import { systemClock } from "../../telemetry/clock.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import type { Duplex } from "../sandbox/calls.ts";
import { encodeHeader } from "../sandbox/frames.ts";
import { PATIENCE_MS, until } from "../sandbox/testing.ts";
import type { FoundProcess } from "../sandbox/types.ts";
import { BytesQueue } from "./link/bytes_queue.ts";
import type { Link } from "./link/link.ts";
import { AgentSession } from "./session.ts";

/** A session whose daemon says these frames, and nothing else. */
async function told(frames: Iterable<Readonly<Record<string, unknown>>>) {
  const queues = [new BytesQueue(), new BytesQueue()] as const;
  const duplex = (number: 0 | 1): Duplex => ({
    read: (into) => queues[number].read(into),
    write: (bytes) => Promise.resolve(bytes.length),
    close: () => queues[number].end(),
  });
  const link = { failure: undefined, duplex, close: () => queues.forEach((one) => one.end()) };
  const session = new AgentSession({
    id: "sess-hostile",
    files: "workspace",
    connect: () => Promise.resolve(link as unknown as Link),
    remove: () => Promise.resolve(),
    clock: systemClock,
    log: silentLogger,
  });
  const found: FoundProcess[] = [];
  let isOver = false;
  session.shared.follow((process) => {
    found.push(process);
    return {
      onOutput: () => {
        isOver = true;
      },
    };
  });
  await session.begin(AbortSignal.timeout(PATIENCE_MS));
  for (const frame of frames) queues[0].push(encodeHeader(frame, 0));
  // Of the first one, so that it is known that all that came before was taken.
  queues[0].push(encodeHeader({ event: "output", process: 1, stream: "stdout" }, 1));
  queues[0].push(new Uint8Array([65]));
  await until("all of it was taken", () => Promise.resolve(isOver));
  await session.close();
  return found;
}

function process(number: number, command = "sleep 1") {
  return { event: "process", process: number, command, ageMs: 0, inputIsClosed: true };
}

Deno.test("processes that others are said to have started are followed, up to a number", async () => {
  const found = await told(function* () {
    for (let number = 1; number <= 5_000; number++) yield process(number);
  }());
  assert.equal(found.length, 1_024);
  assert.deepEqual([found[0]?.number, found[0]?.command], [1, "sleep 1"]);
});

Deno.test("of what others are said to have started no more than the beginning is kept", async () => {
  const [one, two] = await told([process(1, "é".repeat(100_000)), process(2)]);
  assert.equal(one?.command, "é".repeat(4_096));
  assert.equal(two?.command, "sleep 1");
});

Deno.test("what is no event is left alone", async () => {
  const found = await told([
    process(1),
    { event: "process", process: -1, command: "x", ageMs: 0, inputIsClosed: true },
    { event: "process", process: 2, command: 7, ageMs: 0, inputIsClosed: true },
    { event: "exit", process: "1" },
    { event: "nothing" },
    { event: "output", process: 99, stream: "stdout" },
  ]);
  assert.deepEqual(found.map(({ number }) => number), [1]);
});
