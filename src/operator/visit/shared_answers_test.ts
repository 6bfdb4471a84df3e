import assert from "node:assert/strict";
import { SharedAnswers } from "./shared_answers.ts";

const live = () => new AbortController().signal;

/** Questions that a test answers by hand. */
function questions() {
  const asked: PromiseWithResolvers<string>[] = [];
  const ask = () => {
    const question = Promise.withResolvers<string>();
    asked.push(question);
    return question.promise;
  };
  return { asked, ask };
}

Deno.test("many who ask together cause one question, and are told the same", async () => {
  const { asked, ask } = questions();
  const answers = new SharedAnswers<string>({ now: () => 0 });
  const all = [1, 2, 3].map(() => answers.get("k", "r", ask, live()));
  asked[0]?.resolve("yes");
  assert.deepEqual(await Promise.all(all), ["yes", "yes", "yes"]);
  assert.equal(await answers.get("k", "r", ask, live()), "yes");
  assert.equal(asked.length, 1);
});

Deno.test("what an answer rests on has changed: it is asked for anew", async () => {
  const answers = new SharedAnswers<string>({ now: () => 0 });
  assert.equal(await answers.get("k", "one", () => Promise.resolve("1"), live()), "1");
  assert.equal(await answers.get("k", "two", () => Promise.resolve("2"), live()), "2");
  assert.equal(await answers.get("other", "two", () => Promise.resolve("3"), live()), "3");
  assert.equal(answers.size, 2);
});

Deno.test("answers and failures count as long as they are to", async () => {
  let now = 0;
  let count = 0;
  const answers = new SharedAnswers<number>({ now: () => now, keepMs: 100, keepFailureMs: 10 });
  const next = () => Promise.resolve(++count);
  assert.equal(await answers.get("k", "", next, live()), 1);
  now = 99;
  assert.equal(await answers.get("k", "", next, live()), 1);
  now = 100;
  assert.equal(await answers.get("k", "", next, live()), 2);
  now = 50;
  assert.equal(await answers.get("k", "", next, live()), 3, "a clock that was set back says nothing");
  const fail = () => Promise.reject(new Error("no"));
  await assert.rejects(answers.get("f", "", fail, live()), /no/);
  await assert.rejects(answers.get("f", "", next, live()), /no/, "not asked again at once");
  now = 60;
  assert.equal(await answers.get("f", "", next, live()), 4);
});

Deno.test("a failure is not kept where nothing says so", async () => {
  const answers = new SharedAnswers<string>({ now: () => 0 });
  await assert.rejects(answers.get("k", "", () => Promise.reject(new Error("no")), live()), /no/);
  assert.equal(await answers.get("k", "", () => Promise.resolve("yes"), live()), "yes");
});

Deno.test("who goes away leaves the others their answer", async () => {
  const { asked, ask } = questions();
  const answers = new SharedAnswers<string>({ now: () => 0 });
  const impatient = new AbortController();
  const first = answers.get("k", "", ask, impatient.signal);
  const second = answers.get("k", "", ask, live());
  impatient.abort(new Error("enough"));
  await assert.rejects(first, /enough/);
  assert.throws(() => answers.get("k", "", ask, impatient.signal), /enough/);
  asked[0]?.resolve("yes");
  assert.equal(await second, "yes");
});

Deno.test("asking has a deadline of its own", async () => {
  const answers = new SharedAnswers<string>({ now: () => 0, timeoutMs: 1 });
  const hang = (signal: AbortSignal) =>
    new Promise<string>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  await assert.rejects(answers.get("k", "", hang, live()), { name: "TimeoutError" });
});

Deno.test("what is forgotten is asked for anew", async () => {
  let count = 0;
  const answers = new SharedAnswers<number>({ now: () => 0 });
  const next = () => Promise.resolve(++count);
  for (const key of ["a/1", "a/2", "b/1"]) await answers.get(key, "", next, live());
  answers.forget((key) => key.startsWith("a/"));
  assert.equal(answers.size, 1);
  assert.equal(await answers.get("a/1", "", next, live()), 4);
  assert.equal(await answers.get("b/1", "", next, live()), 3);
});
