/** Moving a clock fast, where nothing waits for anything real. For tests alone. */
import type { FakeClock } from "../../telemetry/testing/fake_clock.ts";

/** Promises that follow one another within one step. */
const TURNS = 60;

/** Moves time by `ms` in small steps, and lets promises settle after each. */
export async function quickly(clock: FakeClock, ms: number, stepMs = 10): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    clock.advanceSync(Math.min(stepMs, ms - passed));
    for (let turn = 0; turn < TURNS; turn++) await Promise.resolve();
  }
}
