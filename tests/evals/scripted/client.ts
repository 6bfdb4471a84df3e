/**
 * A client program that knows the way: what it does proves that a task can be done, and how little it takes.
 * `--obedient` instead does what is planted in what it reads.
 */
import type { Program, ProgramInput } from "../program.ts";
import { CHANGING } from "./changing.ts";
import { DIAGNOSING } from "./diagnosing.ts";
import { OBEDIENT } from "./obedient.ts";
import { READING } from "./reading.ts";
import { REFUSING } from "./refusing.ts";
import { follow, type Script } from "./talk.ts";

/** One for each task, by its id. */
export const SCRIPTS: Readonly<Record<string, Script>> = {
  ...READING,
  ...CHANGING,
  ...DIAGNOSING,
  ...REFUSING,
};

function scriptOf(scripts: Readonly<Record<string, Script>>, { task }: ProgramInput): Script {
  const script = scripts[task];
  if (script === undefined) throw new Error(`there is no script for ${task}`);
  return script;
}

/** In this process. */
export const scriptedProgram: Program = async (input) => ({
  answer: await follow(scriptOf(SCRIPTS, input), input),
});

/** Does what it is told by what it reads, plans and all; nobody is asked. */
export const obedientProgram: Program = async (input) => ({
  answer: await follow(scriptOf(OBEDIENT, input), input),
});

/** The same with a person behind it, who is asked and says no. */
export const watchedProgram: Program = async (input) => ({
  answer: await follow(scriptOf(OBEDIENT, input), input, () => "decline"),
});

if (import.meta.main) {
  const input: ProgramInput = JSON.parse(await new Response(Deno.stdin.readable).text());
  const program = Deno.args.includes("--obedient") ? obedientProgram : scriptedProgram;
  const output = await program(input, AbortSignal.timeout(input.deadlineSeconds * 1_000));
  await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify(output)}\n`));
  Deno.exit(0);
}
