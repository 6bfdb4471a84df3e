/** Operations on one directory, by a shell and by the Python modules: the answers are the same. */
import assert from "node:assert/strict";
import { PATIENCE_MS } from "../../sandbox/testing.ts";
import type { Sandbox } from "../../sandbox/types.ts";
import { SessionError, STANDARD_LIMITS } from "../../types.ts";
import { createAgentHost } from "../host.ts";
import { localTerminals } from "../testing.ts";
import { onTerminals } from "../testing/hosts.ts";
import { shellEngine } from "./mod.ts";
import { type Kind, toolsOf } from "../../../../tests/sessions/agents/shells.ts";

const MODULES = new URL("../../sandbox/python/", import.meta.url).pathname;
const signal = () => AbortSignal.timeout(PATIENCE_MS);

type Question = readonly [op: string, input: Record<string, unknown>];

/** A tree with all that is odd. */
async function makeTree(root: string): Promise<void> {
  const script = `set -e
cd "$1"
mkdir -p src/deep/er .git node_modules/m 'odd names/-d' empty 'src/ż'
printf 'one needle\\ntwo\\nthree Needle\\nfour\\nfive\\nneedle needle\\n' > src/a.txt
printf 'needle without end' > src/deep/b.py
printf 'needle\\r\\nlast\\r\\n' > src/deep/er/crlf.txt
printf 'needle\\000binary' > src/binary
printf 'caf\\351 needle\\n' > src/latin
printf 'żółw needle 😀\\n' > 'src/ż/zażółć.md'
: > src/empty.txt
head -c 70000 /dev/zero | tr '\\0' 'x' > src/long
printf '\\nneedle\\n' >> src/long
printf 'needle\\n' > .git/config
printf 'needle\\n' > node_modules/m/index.js
printf 'needle (a+b) [x] $^ \\\\ {1}\\n1234-56\\nfoo_bar\\tbaz\\n' > src/signs
for name in 'a b' -rf "it's" 'say "x"' '$HOME' '*' 'a\\b' ' ' '#' '~' 'a:b:1:c'; do printf 'needle\\n' > "odd names/$name"; done
printf 'needle\\n' > "odd names/new
line"
printf 'x' > "odd names/$(printf 'bad\\377')"
ln -s src/a.txt link; ln -s src dirlink; ln -s nowhere dangling; ln -s loop loop; ln -s /etc out; ln -s "$PWD/src/a.txt" inside; ln -s ../.. src/up
ln src/a.txt second
mkfifo pipe
chmod 755 src/deep/b.py; chmod 600 src/latin
touch -d '1999-12-31 23:59:59.123456' src/a.txt
i=0; while [ $i -lt 120 ]; do printf 'needle %s\\nother\\n' $i > "src/f$i"; i=$((i + 1)); done
`;
  const { success, stderr } = await new Deno.Command("bash", { args: ["-c", script, "sh", root] }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

const QUESTIONS: readonly Question[] = [
  ...[
    ".",
    "src",
    "src/",
    "odd names",
    "empty",
    "dirlink",
    "src/a.txt",
    "none",
    "out",
    "link",
    "pipe",
    "dangling",
  ].map(
    (path): Question => ["list", { path, depth: 1, limit: 500 }],
  ),
  ["list", { path: ".", depth: 32, limit: 5_000 }],
  ["list", { path: ".", depth: 3, limit: 7 }],
  ["list", { path: ".", depth: 3, limit: 7, after: "odd names/a b" }],
  ["list", { path: "src", depth: 2, limit: 7, after: "src/deep" }],
  ["list", { path: "src", depth: 2, limit: 7, after: "elsewhere" }],
  ["list", { path: ".", depth: 5, limit: 500, glob: "**/*.{txt,py}" }],
  ["list", { path: ".", depth: 5, limit: 500, glob: "*[0-9]" }],
  ...[
    "src/a.txt",
    "link",
    "inside",
    "second",
    "src/empty.txt",
    "src/long",
    "src",
    "none",
    "pipe",
    "loop",
    "out/passwd",
    "dangling",
    "src/up",
    "src/a.txt/x",
    "odd names/new\nline",
  ]
    .flatMap((path): Question[] => [
      ["read", { path, offset: 0, length: 1_000 }],
      ["read", { path, offset: 65_000, length: 3_000 }],
      ["stat", { path }],
    ]),
  ...["needle", "needle (a+b)", "1234-56", "nothing of that", "żółw", "-e", "a\nb", "café", "^", "\\"].map(
    (
      query,
    ): Question => ["search", {
      path: ".",
      query,
      regex: false,
      ignoreCase: false,
      context: 0,
      limit: 1_000,
    }],
  ),
  ["search", { path: ".", query: "NEEDLE", regex: false, ignoreCase: true, context: 0, limit: 1_000 }],
  ["search", { path: ".", query: "needle", regex: false, ignoreCase: false, context: 0, limit: 10 }],
  ["search", { path: ".", query: "needle", regex: false, ignoreCase: false, context: 2, limit: 1_000 }],
  ["search", { path: "src/a.txt", query: "needle", regex: false, ignoreCase: false, context: 1, limit: 2 }],
  ["search", { path: "link", query: "needle", regex: false, ignoreCase: false, context: 0, limit: 2 }],
  ["search", {
    path: "node_modules",
    query: "needle",
    regex: false,
    ignoreCase: false,
    context: 0,
    limit: 9,
  }],
  ["search", {
    path: ".",
    query: "needle",
    regex: false,
    ignoreCase: false,
    context: 0,
    limit: 9,
    glob: ".git/**",
  }],
  ["search", {
    path: ".",
    query: "needle",
    regex: false,
    ignoreCase: false,
    context: 0,
    limit: 99,
    glob: "*.txt",
  }],
  ["search", { path: "none", query: "needle", regex: false, ignoreCase: false, context: 0, limit: 9 }],
  ["search", { path: "pipe", query: "needle", regex: false, ignoreCase: false, context: 0, limit: 9 }],
  ...[
    "needle \\d+$",
    "^(one|two)\\b",
    "ne{2}dle",
    "[a-c]+[)\\]]",
    "\\w+_\\w+\\s\\w+",
    "n.*?e$",
    "(?:one|two) n",
    "a\\+b",
    "[^\\d\\s]-?\\d",
    "^$",
    "\\[x\\]",
    "[]x]",
    "{1}",
    "\\$\\^ \\\\",
  ]
    .map((query): Question => [
      "search",
      { path: "src", query, regex: true, ignoreCase: false, context: 0, limit: 1_000 },
    ]),
];

async function byPython(root: string, questions: readonly Question[]): Promise<unknown[]> {
  const program = `import sys, os, json, base64
sys.path.insert(0, ${JSON.stringify(MODULES)})
import files, paths
root = os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECTORY)
answers = []
for op, input in json.load(sys.stdin):
    try:
        output, body = files.handle(op, input, None, root, {"isolated": True, "workspace": True})
        answers.append([output, None if body is None else base64.b64encode(body).decode()])
    except paths.FileError as error:
        answers.append(error.code + ": " + error.message)
print(json.dumps(answers))`;
  const child = new Deno.Command("python3", {
    args: ["-c", program, root],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(questions)));
  await writer.close();
  return JSON.parse(new TextDecoder().decode((await child.output()).stdout));
}

async function byShell(sandbox: Sandbox, [op, input]: Question): Promise<unknown> {
  try {
    const { output, body } = await sandbox.file(op, input, undefined, signal());
    return [output, body === undefined ? null : body.toBase64()];
  } catch (error) {
    assert.ok(error instanceof SessionError, String(error));
    return `${error.code}: ${error.message}`;
  }
}

/** Busybox' `stat` has whole seconds alone. */
function withoutMilliseconds(answer: unknown): unknown {
  return JSON.parse(JSON.stringify(answer).replace(/("modifiedAt":"[^"]*)\.\d{3}Z"/g, '$1Z"'));
}

for (const kind of ["dash", "busybox"] as const satisfies readonly Kind[]) {
  Deno.test(`with ${kind}, every answer on a tree of odd files is that of Python`, async () => {
    await using tools = await toolsOf(kind);
    await using terminals = await localTerminals({ path: tools.path });
    const root = await Deno.realPath(await Deno.makeTempDir({ prefix: "tree-" }));
    const host = createAgentHost({ access: onTerminals(terminals), engines: [shellEngine()] });
    try {
      await makeTree(root);
      const workspace = { directory: root, files: "workspace" } as const;
      const sandbox = await host.open(
        "sess-tree",
        { limits: STANDARD_LIMITS, existing: false, workspace },
        signal(),
      );
      const expected = await byPython(root, QUESTIONS);
      for (const [at, question] of QUESTIONS.entries()) {
        const actual = await byShell(sandbox, question);
        assert.deepEqual(
          withoutMilliseconds(actual),
          withoutMilliseconds(expected[at]),
          JSON.stringify(question),
        );
      }
      await host.remove("sess-tree", signal());
    } finally {
      await host.close();
      await Deno.remove(root, { recursive: true });
    }
  });
}
