/** Asks a client program the questions, and finds out what came of it. */
import { figuresOf } from "./figures.ts";
import { judge, problemsOfChanges } from "./judge.ts";
import type { Era, Program, ProgramInput } from "./program.ts";
import { type Exchange, startRecorder } from "./recorder.ts";
import type { TaskResult } from "./report.ts";
import type { EvalRig } from "./rig.ts";
import { questionOf, type Task } from "./task.ts";

export interface RunOptions {
  readonly program: Program;
  readonly eras: readonly Era[];
  /** Tasks at a time. @default {2} */
  readonly concurrency?: number;
  /** For one answer. @default {180} */
  readonly deadlineSeconds?: number;
  /** Told of each as it ends. */
  readonly onResult?: (result: TaskResult) => void;
}

/** A result, and what went over the wire. */
export interface WatchedResult extends TaskResult {
  readonly exchanges: readonly Exchange[];
  /** What the product asked of Coder that it must never ask. */
  readonly violations: readonly string[];
}

/** Runs all tasks in all eras; in the order of the tasks, each with its eras. */
export async function runTasks(
  rig: EvalRig,
  tasks: readonly Task[],
  { eras, concurrency = 2, ...options }: RunOptions,
): Promise<WatchedResult[]> {
  const wanted = tasks.flatMap((task) => eras.map((era) => ({ task, era })));
  const results: WatchedResult[] = [];
  let next = 0;
  const work = async () => {
    while (next < wanted.length) {
      const index = next++;
      const { task, era } = wanted[index]!;
      const result = await runTask(rig, task, era, options);
      results[index] = result;
      options.onResult?.(result);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return results;
}

/** Runs one, in a world of its own. */
export async function runTask(
  rig: EvalRig,
  task: Task,
  era: Era,
  { program, deadlineSeconds = 180 }: Pick<RunOptions, "program" | "deadlineSeconds">,
): Promise<WatchedResult> {
  await using world = await rig.open(task);
  await using recorder = await startRecorder(rig.mcpUrl);
  const input: ProgramInput = {
    version: 1,
    task: task.id,
    url: recorder.url,
    token: await world.token(task.caller),
    era,
    question: questionOf(task, world.namespace),
    deadlineSeconds,
  };
  const before = await world.snapshot();
  const since = performance.now();
  const { answer, said, failure } = await answerOf(program, input);
  const ms = performance.now() - since;
  const after = await world.settled((now) =>
    problemsOfChanges(task.expect.changes, before, now).length === 0
  );
  const figures = figuresOf(recorder.exchanges, answer);
  const problems = [
    ...(failure === undefined ? [] : [failure]),
    ...judge(task.expect, { answer, before, after }),
  ];
  const { most } = task;
  return {
    task: task.id,
    kind: task.kind,
    era,
    success: problems.length === 0,
    problems,
    answer,
    figures,
    ms,
    most,
    isOver: figures.calls > most.calls || figures.bytes.in + figures.bytes.out > most.bytes,
    ...(said === undefined ? {} : { said }),
    exchanges: recorder.exchanges,
    violations: world.fake.violations,
  };
}

async function answerOf(program: Program, input: ProgramInput) {
  const { deadlineSeconds } = input;
  const signal = AbortSignal.timeout(deadlineSeconds * 1_000);
  try {
    const { answer, said } = await program(input, signal);
    return { answer, said, failure: undefined };
  } catch (error) {
    const why = signal.aborted
      ? `there was no answer within ${deadlineSeconds} s`
      : `the client failed: ${error instanceof Error ? error.message : String(error)}`;
    return { answer: undefined, said: undefined, failure: why };
  }
}
