/**
 * `deno task evals [--client "program args…"] [--era sessions|sessionless] [--task id,…] [--kind kind,…] [--json file]
 * [--concurrency n] [--deadline seconds] [--strict] [--list]`: asks a client program the questions, and reports.
 */
import { parseArgs } from "node:util";
import { commandProgram, type Era, ERAS, type Program } from "./program.ts";
import { reportOf, reportText, type TaskResult } from "./report.ts";
import { startEvalRig } from "./rig.ts";
import { runTasks } from "./run.ts";
import { questionOf, readTasks, type Task } from "./task.ts";

const SCRIPTED = new URL("./scripted/client.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

const HELP = `Asks an MCP client program the questions of tests/evals/tasks, and reports what came of it.

  --client "program args…"  gets each question as JSON on standard input, answers on standard output
                            (see docs/evaluations.md); without it: the scripted client
  --era ERA                 sessions or sessionless; without it: both
  --task ID,…               these alone
  --kind KIND,…             reading, changing, diagnosing, refusing
  --json FILE               the report as JSON
  --concurrency N           tasks at a time (2); Coder counts as away where it is silent for a second
  --deadline SECONDS        for one answer (180)
  --strict                  fails where a task took more calls or bytes than it allows for
  --list                    names the tasks and ends`;

export interface Choice {
  readonly client: string | undefined;
  readonly eras: readonly Era[];
  readonly tasks: readonly Task[];
  readonly json: string | undefined;
  readonly concurrency: number;
  readonly deadlineSeconds: number;
  readonly strict: boolean;
  readonly list: boolean;
}

/** Reads the command line. @throws with what is wrong with it */
export function choiceOf(args: readonly string[], all: readonly Task[]): Choice | undefined {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== "--"),
    options: {
      client: { type: "string" },
      era: { type: "string" },
      task: { type: "string" },
      kind: { type: "string" },
      json: { type: "string" },
      concurrency: { type: "string", default: "2" },
      deadline: { type: "string", default: "180" },
      strict: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const ids = named("--task", values.task, all.map(({ id }) => id));
  const kinds = named("--kind", values.kind, all.map(({ kind }) => kind));
  return {
    client: values.client,
    eras: named("--era", values.era, ERAS) ?? ERAS,
    tasks: all.filter(({ id, kind }) => (ids?.includes(id) ?? true) && (kinds?.includes(kind) ?? true)),
    json: values.json,
    concurrency: countOf("--concurrency", values.concurrency),
    deadlineSeconds: countOf("--deadline", values.deadline),
    strict: values.strict,
    list: values.list,
  };
}

function named<N extends string>(
  flag: string,
  text: string | undefined,
  known: readonly N[],
): N[] | undefined {
  if (text === undefined) return undefined;
  return text.split(",").map((name) => {
    const found = known.find((one) => one === name);
    if (found === undefined) {
      throw new Error(`${flag}: there is no ${name}; there are ${[...new Set(known)].join(", ")}`);
    }
    return found;
  });
}

function countOf(flag: string, text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new Error(`${flag}: ${text} is no number from 1`);
  return Number(text);
}

/** Whether the exit code is to be 0. */
export function isGood(results: readonly TaskResult[], strict: boolean): boolean {
  return results.every(({ success, isOver }) => success && !(strict && isOver));
}

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

/** Runs it; the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  let choice: Choice | undefined;
  let program: Program;
  try {
    choice = choiceOf(args, await readTasks());
    program = commandProgram(
      choice?.client ?? `${Deno.execPath()} run -A --no-check --config ${CONFIG} ${SCRIPTED}`,
    );
  } catch (error) {
    say(`evals: ${error instanceof Error ? error.message : error}`);
    return 2;
  }
  if (choice === undefined) {
    say(HELP);
    return 0;
  }
  const { tasks, eras, client = "scripted", json, strict } = choice;
  if (choice.list) {
    for (const task of tasks) say(`${task.kind.padEnd(10)}  ${task.id.padEnd(28)}  ${questionOf(task, "…")}`);
    return 0;
  }
  say(`Starting a cluster and the product for ${tasks.length} tasks…`);
  await using rig = await startEvalRig(tasks.length * eras.length);
  const results = await runTasks(rig, tasks, {
    ...choice,
    program,
    onResult: ({ task, era, success }) => say(`${success ? "ok    " : "FAILED"}  ${task} (${era})`),
  });
  const plain = results.map(({ exchanges: _, violations: __, ...result }) => result);
  const report = reportOf(client, plain);
  say(`\n${reportText(report)}`);
  if (json !== undefined) await Deno.writeTextFile(json, `${JSON.stringify(report, null, 2)}\n`);
  return isGood(plain, strict) ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
