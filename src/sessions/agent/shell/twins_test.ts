/** What is done here for workspaces without Python has to come to what the Python modules come to. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { below, pick, seededRandom, text } from "../../../telemetry/testing/random.ts";
import { SessionError } from "../../types.ts";
import { edited } from "./edits.ts";
import { shown } from "./errors.ts";
import { Glob } from "./globs.ts";
import { namesOf } from "./paths.ts";
import { when } from "./stat.ts";

const MODULES = new URL("../../sandbox/python/", import.meta.url).pathname;

/** Answers of a Python program to questions, all at once. */
async function python(program: string, questions: unknown): Promise<unknown[]> {
  const child = new Deno.Command("python3", {
    args: ["-c", `import sys, json\nsys.path.insert(0, ${JSON.stringify(MODULES)})\n${program}`],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(questions)));
  await writer.close();
  const { stdout, stderr } = await child.output();
  const said = new TextDecoder().decode(stdout);
  if (said === "") throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(said);
}

/** What a call comes to, or `<code>: <message>`. */
function outcome(of: () => unknown): unknown {
  try {
    return of();
  } catch (error) {
    assert.ok(error instanceof SessionError, String(error));
    return `${error.code}: ${error.message}`;
  }
}

Deno.test("edits and what they show are those of Python, whatever the content", async () => {
  const random = seededRandom(11);
  const questions = Array.from({ length: 600 }, () => {
    const alphabet = pick(random, ["ab\n", "ab \n\r", "aż😀\n", "a\n", "abcdefgh\n\n\n"]);
    const content = text(random, below(random, 200), alphabet);
    const edits = Array.from({ length: 1 + below(random, 3) }, () => {
      const at = below(random, content.length + 1);
      const old = random() < 0.8 && content.slice(at, at + 1 + below(random, 6)) || text(random, 3, "xa\n");
      return { old, new: text(random, below(random, 6), alphabet), all: random() < 0.6 };
    });
    return {
      content: content.toWellFormed(),
      edits: edits.map((one) => ({ ...one, old: one.old.toWellFormed(), new: one.new.toWellFormed() })),
    };
  });
  const expected = await python(
    `import edits, paths
answers = []
for each in json.load(sys.stdin):
    text = edits.Text(each["content"].encode())
    try:
        count = sum(edits._apply(text, one, at, "a/file") for at, one in enumerate(each["edits"]))
        answers.append([text.value.decode("latin-1"), count, text.diff()])
    except paths.FileError as error:
        answers.append("%s: %s" % (error.code, error.message))
print(json.dumps(answers))`,
    questions,
  );
  for (const [at, { content, edits }] of questions.entries()) {
    const actual = outcome(() => {
      const { value, replacements, diff } = edited(Buffer.from(content).toString("latin1"), edits, "a/file");
      return [value, replacements, diff];
    });
    assert.deepEqual(actual, expected[at], JSON.stringify(questions[at]));
  }
});

Deno.test("differences that are long are cut as Python cuts them", async () => {
  const line = "x".repeat(450);
  const questions = [
    { content: `${line}\nold\n${line}\n`, edits: [{ old: "old", new: "new", all: false }] },
    { content: "a\n".repeat(2_000), edits: [{ old: "a", new: "b", all: true }] },
    {
      content: Array.from({ length: 400 }, (_, i) => `${i} ${"y".repeat(80)} z\n`).join(""),
      edits: [{ old: " z", new: " w", all: true }],
    },
  ];
  const expected = await python(
    `import edits
answers = []
for each in json.load(sys.stdin):
    text = edits.Text(each["content"].encode())
    [edits._apply(text, one, at, "f") for at, one in enumerate(each["edits"])]
    answers.append(text.diff())
print(json.dumps(answers))`,
    questions,
  );
  assert.deepEqual(questions.map(({ content, edits }) => edited(content, edits, "f").diff), expected);
});

Deno.test("patterns match what they match in Python", async () => {
  const random = seededRandom(5);
  const questions = Array.from({ length: 1_500 }, () => ({
    pattern: text(
      random,
      1 + below(random, 9),
      pick(random, ["ab*?/", "ab*/.", "a[b-c]!^*", "{a,b}*/", "ż😀*?"]),
    ),
    names: Array.from(
      { length: 1 + below(random, 3) },
      () => text(random, 1 + below(random, 4), "abc.-]").toWellFormed(),
    ),
  })).map(({ pattern, names }) => ({ pattern: pattern.toWellFormed(), names }));
  const expected = await python(
    `import globs, paths
answers = []
for each in json.load(sys.stdin):
    try:
        glob = globs.Glob(each["pattern"])
        answers.append([glob.matches(each["names"]), glob.names(each["names"][0])])
    except paths.FileError as error:
        answers.append("%s: %s" % (error.code, error.message))
print(json.dumps(answers))`,
    questions,
  );
  for (const [at, { pattern, names }] of questions.entries()) {
    const actual = outcome(() => {
      const glob = new Glob(pattern);
      return [glob.matches(names), glob.names(names[0]!)];
    });
    assert.deepEqual(actual, expected[at], JSON.stringify(questions[at]));
  }
});

Deno.test("patterns that would take for ever do not", () => {
  const glob = new Glob(`${"*a".repeat(200)}b`);
  assert.equal(glob.matches(["a".repeat(5_000)]), false);
  assert.throws(() => new Glob("{a,b}".repeat(12)), { code: "invalid" });
});

Deno.test("paths are refused in the words of Python, and names are shown alike", async () => {
  const paths = [
    ...["a", "a/b", "./a//b/", ".", "", "/a", "..", "a/../b", "a\0", "x".repeat(255), "x".repeat(256)],
    ...[
      "ż".repeat(128),
      `${"a/".repeat(2_100)}a`,
      "a\nb",
      "a\u001b[31m",
      "😀",
      " ",
      "-rf",
      "a\u200bb",
      "é".repeat(250),
    ],
  ];
  const expected = await python(
    `import paths
answers = []
for each in json.load(sys.stdin):
    try:
        answers.append([[part.decode() for part in paths.split(each)], paths.quoted(each)])
    except paths.FileError as error:
        answers.append("%s: %s" % (error.code, error.message))
print(json.dumps(answers))`,
    paths,
  );
  assert.deepEqual(paths.map((path) => outcome(() => [[...namesOf(path)], shown(path)])), expected);
});

Deno.test("times are shown as Python shows them", async () => {
  const times = [0, -5, 1_700_000_000_123, 253_402_300_799_000, 253_402_300_800_000, 4e15];
  const expected = await python(
    `import types, walks
print(json.dumps([walks.when(types.SimpleNamespace(st_mtime_ns=each * 1000000)) for each in json.load(sys.stdin)]))`,
    times,
  );
  assert.deepEqual(times.map((modified) => when({ modified })), expected);
});
