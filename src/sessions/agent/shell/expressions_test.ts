import assert from "node:assert/strict";
import { below, pick, seededRandom } from "../../../telemetry/testing/random.ts";
import { SessionError } from "../../types.ts";
import { expressionOf, extended } from "./expressions.ts";

const LINES = [
  ...[
    "",
    "a",
    "b",
    "ab",
    "aab",
    "abc",
    "a1",
    "1",
    "12",
    "a b",
    "a_b",
    "a-b",
    "[a]",
    "(a)",
    "a.b",
    "a|b",
    "^a$",
  ],
  ...[
    "a+b",
    "a*",
    "a?",
    "{1}",
    "a{1}",
    "\\",
    "\\d",
    "]",
    "-",
    "^",
    "\ta",
    "a\r",
    "ż",
    "żab",
    "A",
    "aB",
    "a  b",
  ],
];

/** What grep finds with an expression, by numbers of lines. */
async function grep(flags: string, pattern: string): Promise<number[] | undefined> {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, LINES.map((line) => `${line.replace(/\r+$/, "")}\n`).join(""));
  const { code, stdout } = await new Deno.Command("grep", {
    args: [...flags.split(" "), "-n", "-a", "-e", pattern, "--", file],
    env: { LC_ALL: "C.UTF-8" },
    stderr: "null",
  }).output();
  await Deno.remove(file);
  if (code > 1) return undefined;
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "").map((line) =>
    parseInt(line)
  );
}

async function python(patterns: readonly string[]): Promise<(number[] | null)[]> {
  const program = `import sys, json, re, warnings
warnings.simplefilter("ignore")
patterns, lines = json.load(sys.stdin)
answers = []
for each in patterns:
    try:
        found = re.compile(each)
        answers.append([n + 1 for n, line in enumerate(lines) if found.search(line.rstrip("\\r"))])
    except (re.error, OverflowError):
        answers.append(None)
print(json.dumps(answers))`;
  const child = new Deno.Command("python3", { args: ["-c", program], stdin: "piped", stdout: "piped" })
    .spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify([patterns, LINES])));
  await writer.close();
  return JSON.parse(new TextDecoder().decode((await child.output()).stdout));
}

const ask = () => Promise.resolve(new Uint8Array());

Deno.test("whatever is translated finds the lines that Python finds, or is refused", async () => {
  const random = seededRandom(3);
  const tokens = [
    ...[
      "a",
      "b",
      "1",
      " ",
      "-",
      "ż",
      ".",
      "\\.",
      "\\d",
      "\\w",
      "\\s",
      "\\S",
      "\\D",
      "\\W",
      "\\b",
      "^",
      "$",
      "|",
    ],
    ...[
      "(",
      ")",
      "(?:",
      "*",
      "+",
      "?",
      "*?",
      "+?",
      "{1}",
      "{1,2}",
      "{0,1}",
      "[ab]",
      "[^a]",
      "[a-c]",
      "[\\d_]",
      "[]a]",
    ],
    ...[
      "[^]]",
      "[a\\-b]",
      "[\\]x]",
      "[\\w-]",
      "\\\\",
      "\\(",
      "\\+",
      "\\t",
      "{",
      "}",
      "]",
      "(?=a)",
      "\\1",
      "\\A",
      "\\Z",
    ],
  ];
  const patterns = Array.from(
    { length: 500 },
    () => Array.from({ length: 1 + below(random, 4) }, () => pick(random, tokens)).join(""),
  );
  const expected = await python(patterns);
  let translated = 0;
  for (const [at, query] of patterns.entries()) {
    let found: number[] | undefined;
    try {
      if (extended(query) === undefined) continue;
      const { flags, pattern } = await expressionOf({ query, regex: true }, ask);
      found = await grep(flags, pattern);
    } catch (error) {
      assert.ok(error instanceof SessionError && error.code === "invalid", `${query}: ${error}`);
    }
    translated++;
    // What grep refuses is told as such; what Python refuses and grep takes is a matter of taste.
    if (found === undefined || expected[at] === null) continue;
    assert.deepEqual(found, expected[at], query);
  }
  assert.ok(translated > 250, `${translated} were translated`);
});

Deno.test("texts are searched as they are, whatever is in them", async () => {
  assert.deepEqual(await expressionOf({ query: "a.*" }, ask), { flags: "-F", pattern: "a.*" });
  assert.deepEqual(await expressionOf({ query: "a", ignoreCase: true }, ask), {
    flags: "-F -i",
    pattern: "a",
  });
  const several = await expressionOf({ query: "a\nb" }, ask);
  assert.deepEqual(await grep(several.flags, several.pattern), [], "no line has an end in it");
  await assert.rejects(expressionOf({ query: "\ud800" }, ask), { code: "invalid" });
});

Deno.test("what grep cannot do says what to do", async () => {
  const refusing = (message: string) => () => Promise.reject(new SessionError("failed", message));
  await assert.rejects(expressionOf({ query: "(?=a)b", regex: true }, refusing("no -P")), {
    code: "failed",
    message: /install python3/,
  });
  await assert.rejects(expressionOf({ query: "\\ba", regex: true }, refusing("cannot search: borders")), {
    code: "failed",
    message: /install python3/,
  });
  await assert.rejects(expressionOf({ query: "(a", regex: true }, refusing("Unmatched (")), {
    code: "invalid",
  });
  await assert.rejects(expressionOf({ query: "*a", regex: true }, ask), {
    code: "invalid",
    message: /nothing to repeat at position 0/,
  });
  const away = () => Promise.reject(new SessionError("unavailable", "away"));
  await assert.rejects(expressionOf({ query: "a", regex: true }, away), { code: "unavailable" });
});
