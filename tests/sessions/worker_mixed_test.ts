/** Everything at once at one worker, with sessions that come and go, and calls that are stopped (seeded). */
import assert from "node:assert/strict";
import { openTestHost, processesWith, until } from "../../src/sessions/sandbox/testing.ts";
import { STANDARD_LIMITS } from "../../src/sessions/types.ts";
import { executorRig } from "../../src/sessions/worker/testing/executor_rig.ts";
import { below, pick, seededRandom } from "../../src/telemetry/testing/random.ts";

const SESSIONS = ["sess-m0", "sess-m1", "sess-m2"];
/** What may come of a call in a session that may be closed, or be restored, at any time. */
const EXPECTED = new Set(["session_ended", "canceled", "not_found", "conflict", "failed", "unknown_outcome"]);

Deno.test("sessions that come and go do not get in each other's way, and leave nothing", async () => {
  await using test = await openTestHost({ idleMs: 30 });
  await using rig = executorRig(test.host, { directory: test.directory });
  const mark = `mixed-${crypto.randomUUID()}`;
  const wrong: string[] = [];
  const counts = new Map<string, number>();

  async function caller(seed: number): Promise<void> {
    const random = seededRandom(seed);
    for (let step = 0; step < 60; step++) {
      const session = pick(random, SESSIONS);
      const word = `${seed}-${step}`;
      const stop = new AbortController();
      const calls: [string, Record<string, unknown>, string?][] = [
        ["session.open", { limits: STANDARD_LIMITS }],
        ["session.open", { limits: STANDARD_LIMITS }],
        ["session.open", { limits: STANDARD_LIMITS }],
        ["session.close", {}],
        ["run.command", { command: `echo ${word}; cat`, stdin: word }],
        ["run.command", { command: `echo ${word}; : ${mark}; sleep 1000`, waitMs: below(random, 20) }],
        ["run.command", {
          command: `: ${mark}; (setsid sleep 1000 &); yes`,
          waitMs: below(random, 20),
          timeoutMs: 200,
        }],
        ["run.python", { code: `print("${word}")` }],
        ["process.output", { process: `proc-${1 + below(random, 5)}`, waitMs: 5 }],
        ["process.signal", { process: `proc-${1 + below(random, 5)}`, signal: "SIGKILL" }],
        ["fs.write", { path: `f${below(random, 3)}` }, word],
        ["fs.read", { path: `f${below(random, 3)}` }],
        ["archive.pack", { archive: `arch-${seed}` }],
        ["session.usage", {}],
      ];
      const [operation, input, body] = pick(random, calls);
      const running = rig.run(operation, input, {
        session,
        signal: stop.signal,
        ...(body === undefined ? {} : { body }),
      });
      if (random() < 0.1) queueMicrotask(() => stop.abort());
      const outcome = await running;
      const result = outcome.ok ? "ok" : outcome.code;
      counts.set(result, (counts.get(result) ?? 0) + 1);
      if (!outcome.ok && !EXPECTED.has(outcome.code)) wrong.push(`${operation} ${JSON.stringify(outcome)}`);
      if (!outcome.ok || outcome.output["state"] !== "exited" || outcome.output["exitCode"] !== 0) continue;
      const wanted = operation === "run.python" ? `${word}\n` : `${word}\n${word}`;
      if (operation.startsWith("run.") && outcome.output["stdout"] !== wanted) {
        wrong.push(`${operation} ${word} said ${JSON.stringify(outcome.output)}`);
      }
    }
  }

  await Promise.all([1, 2, 3, 4, 5, 6].map(caller));
  assert.deepEqual(wrong, []);
  assert.ok((counts.get("ok") ?? 0) > 100, JSON.stringify([...counts]));
  await Promise.all(SESSIONS.map((session) => rig.ok("session.close", {}, { session })));
  const { sessions, processes, runningTasks } = rig.executor.load();
  assert.deepEqual([sessions, processes, runningTasks], [[], 0, 0]);
  await until("no process is left", async () => (await processesWith(mark)).length === 0);
  const left: string[] = [];
  for await (const { name } of Deno.readDir(test.directory)) if (name.startsWith("sess-")) left.push(name);
  assert.deepEqual(left, []);
});
