import assert from "node:assert/strict";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { until } from "../sandbox/testing.ts";
import { STANDARD_LIMITS } from "../types.ts";
import { Housekeeping, type HousekeepingOptions } from "./housekeeping.ts";
import { SessionTable } from "./session_table.ts";
import { FakeHost } from "./testing/fake_sandbox.ts";

function rig(options: Partial<HousekeepingOptions> = {}) {
  const host = new FakeHost();
  const clock = new FakeClock();
  const lines: string[] = [];
  const write = (message: string) => void lines.push(message);
  const log: Logger = { debug: write, info: write, warn: write, error: write, child: () => log };
  const sessions = new SessionTable({ host, capacity: 9 });
  const disk = { free: 1_000 };
  const housekeeping = new Housekeeping({
    host,
    directory: "/nowhere",
    diskReserveBytes: 500,
    log,
    clock,
    freeDisk: () => Promise.resolve(disk.free),
    ...options,
  }, sessions);
  const stop = new AbortController();
  return {
    host,
    clock,
    lines,
    disk,
    sessions,
    housekeeping,
    begin: async () => {
      housekeeping.begin(stop.signal);
      await clock.advance(0);
    },
    end: async () => {
      stop.abort();
      await housekeeping.ended;
      assert.equal(clock.pendingTimers, 0);
    },
  };
}

Deno.test("what earlier sessions have left is removed, but for what is open by now", async () => {
  const { host, sessions, lines, begin, end } = rig();
  host.left = ["a", "b", "c"];
  await sessions.open("b", { limits: STANDARD_LIMITS, existing: false });
  await begin();
  assert.deepEqual(host.removed, ["a", "c"]);
  assert.deepEqual(lines, ["files of earlier sessions were removed"]);
  await end();
});

Deno.test("what cannot be removed is said, and the others are removed", async () => {
  const { host, lines, begin, end } = rig();
  host.left = ["a", "b"];
  host.beforeRemove = (id) => {
    if (id === "a") throw new Error("busy");
  };
  await begin();
  assert.deepEqual(host.removed, ["b"]);
  assert.equal(lines[0], "files of an earlier session could not be removed");
  await end();
});

Deno.test("on storage that workers share nothing is removed that is not known", async () => {
  const { host, begin, end } = rig({ isShared: true });
  host.left = ["a"];
  await begin();
  assert.deepEqual(host.removed, []);
  await end();
});

Deno.test("with too little disk new sessions are refused, until there is more", async () => {
  const { clock, disk, housekeeping, lines, begin, end } = rig();
  housekeeping.admit();
  await begin();
  assert.equal(housekeeping.freeDiskBytes, 1_000);
  housekeeping.admit();
  disk.free = 499;
  await clock.advance(15_000);
  assert.throws(() => housekeeping.admit(), {
    code: "no_capacity",
    message: /499 bytes of disk left in \/nowhere/,
  });
  await clock.advance(60_000);
  assert.equal(lines.length, 1);
  disk.free = 500;
  await clock.advance(15_000);
  housekeeping.admit();
  assert.equal(lines[1], "there is disk for new sessions again");
  await end();
});

Deno.test("a disk that cannot be looked at refuses nothing, and is said", async () => {
  const { lines, housekeeping, begin, end } = rig({ freeDisk: () => Promise.reject(new Error("gone")) });
  await begin();
  housekeeping.admit();
  assert.deepEqual(lines, ["free disk could not be found out"]);
  await end();
});

Deno.test("the disk of this machine is looked at", async () => {
  const { housekeeping, end, begin, clock } = rig({
    freeDisk: undefined,
    directory: "/",
    diskReserveBytes: 1,
  });
  await begin();
  await until("it is known", async () => {
    await clock.advance(0);
    return housekeeping.freeDiskBytes > 0;
  });
  assert.ok(housekeeping.freeDiskBytes > 2 ** 20);
  await end();
});

const SPEC = {
  argv: ["x"],
  command: "x",
  cwd: ".",
  env: {},
  stdin: new Uint8Array(),
  interactive: false,
  timeoutMs: 0,
};

Deno.test("memory is that of sessions in which something runs", async () => {
  const { host, clock, sessions, housekeeping, begin, end } = rig();
  const busy = await sessions.open("busy", { limits: STANDARD_LIMITS, existing: false });
  await sessions.open("idle", { limits: STANDARD_LIMITS, existing: false });
  host.get("busy").memoryBytes = 700;
  await busy.processes.start(SPEC, new AbortController().signal);
  await begin();
  assert.equal(housekeeping.memoryBytes, 700);
  host.get("busy").processes[0]!.exit();
  await clock.advance(15_000);
  assert.equal(housekeeping.memoryBytes, 0);
  await end();
});

Deno.test("of sessions that have nothing on this machine neither disk nor memory is looked at", async () => {
  const { clock, disk, housekeeping, host, sessions, lines, begin, end } = rig({ directory: undefined });
  disk.free = 1;
  await begin();
  housekeeping.admit();
  await sessions.open("a", { limits: STANDARD_LIMITS, existing: false });
  const { sandbox, processes } = sessions.get("a");
  await processes.start(SPEC, new AbortController().signal);
  assert.equal(processes.running, 1);
  sandbox.usage = () => assert.fail("it was asked");
  await clock.advance(60_000);
  assert.deepEqual([housekeeping.freeDiskBytes, housekeeping.memoryBytes, lines], [0, 0, []]);
  host.get("a").processes[0]?.exit();
  await end();
});
