import assert from "node:assert/strict";
import { commandProgram, environmentOf, outputOf, type ProgramInput, wordsOf } from "./program.ts";

const INPUT: ProgramInput = {
  version: 1,
  task: "stop-mine",
  url: "http://127.0.0.1:1/mcp",
  token: "t",
  era: "sessionless",
  question: 'Stop "dev".\nPlease.',
  deadlineSeconds: 10,
};
const deno = (code: string) => `${Deno.execPath()} eval '${code}'`;
const run = (line: string, signal = AbortSignal.timeout(120_000)) => commandProgram(line)(INPUT, signal);

Deno.test("words are parted by spaces, and kept together by quotes", () => {
  assert.deepEqual(wordsOf(`node client.js --model "big one" 'a "b"' x="y z"`), [
    "node",
    "client.js",
    "--model",
    "big one",
    'a "b"',
    "x=y z",
  ]);
  assert.deepEqual(wordsOf("  "), []);
  assert.throws(() => wordsOf('run "half'), /a quote is left open/);
  assert.throws(() => commandProgram(" "), /give a program/);
});

Deno.test("an answer is JSON or text, and nothing is none", () => {
  assert.deepEqual(outputOf('{"answer": "yes", "model": "m"}\n'), { answer: "yes", said: { model: "m" } });
  assert.deepEqual(outputOf('{"answer": "yes"}'), { answer: "yes" });
  assert.deepEqual(outputOf("It is\nstopped.\n"), { answer: "It is\nstopped." });
  assert.deepEqual(outputOf('{"reply": 1}'), { answer: '{"reply": 1}' });
  assert.throws(() => outputOf(" \n"), /gave no answer/);
});

Deno.test("a program gets the question as JSON, and as variables", async () => {
  const echo = deno(
    "console.log(JSON.stringify({ answer: await new Response(Deno.stdin.readable).text() }))",
  );
  assert.deepEqual(JSON.parse((await run(echo)).answer), INPUT);
  const variables = deno("console.log(Deno.env.get(`EVAL_QUESTION`), Deno.env.get(`EVAL_ERA`))");
  assert.deepEqual(await run(variables), { answer: `${INPUT.question} sessionless` });
  assert.equal(environmentOf(INPUT)["EVAL_TOKEN"], "t");
});

Deno.test("a program that fails, or takes too long, has given no answer", async () => {
  await assert.rejects(run(deno("Deno.exit(3)")), /has ended with 3/);
  const slow = deno("console.log(1); await new Promise((resolve) => setTimeout(resolve, 60_000))");
  const since = performance.now();
  await assert.rejects(run(slow, AbortSignal.timeout(300)), { name: "TimeoutError" });
  assert.ok(performance.now() - since < 50_000);
  await assert.rejects(run("/nowhere/to/be/found"), /./);
});
