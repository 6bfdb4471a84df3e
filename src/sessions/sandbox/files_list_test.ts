import { deepEqual, equal, match, ok } from "node:assert/strict";
import { below, pick, seededRandom } from "../../telemetry/testing/random.ts";
import { FilesRig } from "./testing/files_rig.ts";

interface Entry {
  path: string;
  type: string;
  size: number;
  target?: string;
  executable?: boolean;
}

async function list(
  rig: FilesRig,
  input: Record<string, unknown>,
): Promise<{ paths: string[]; entries: Entry[]; more: boolean }> {
  const { output } = await rig.file("list", input);
  const { entries, more } = output as unknown as { entries: Entry[]; more: boolean };
  return { paths: entries.map(({ path }) => path), entries, more };
}

async function planted(): Promise<FilesRig> {
  const rig = await FilesRig.open();
  for (const path of ["b.txt", "a/x.py", "a/y.ts", "a/deep/er/z.py", "c.py", ".hidden", "a-b"]) {
    await rig.file("write", { path }, path);
  }
  return rig;
}

Deno.test("a directory is listed in order, at the depth that was asked for", async () => {
  await using rig = await planted();
  deepEqual((await list(rig, {})).paths, [".hidden", "a", "a-b", "b.txt", "c.py"]);
  deepEqual((await list(rig, { path: ".", depth: 2 })).paths, [
    ".hidden",
    "a",
    "a/deep",
    "a/x.py",
    "a/y.ts",
    "a-b",
    "b.txt",
    "c.py",
  ]);
  deepEqual((await list(rig, { path: "a", depth: 32 })).paths, [
    "a/deep",
    "a/deep/er",
    "a/deep/er/z.py",
    "a/x.py",
    "a/y.ts",
  ]);
  deepEqual((await list(rig, { path: "./a//deep/" })).paths, ["a/deep/er"]);
});

Deno.test("entries say what they are; links are shown, not followed", async () => {
  await using rig = await planted();
  await rig.file("write", { path: "run", executable: true }, "12345");
  await Deno.symlink("../outside", `${rig.root}/link`);
  await Deno.symlink("a", `${rig.root}/inside`);
  await new Deno.Command("mkfifo", { args: [`${rig.root}/pipe`] }).output();
  const { entries } = await list(rig, { depth: 3 });
  const of = (path: string) => entries.find((entry) => entry.path === path);
  deepEqual([of("run")?.type, of("run")?.size, of("run")?.executable], ["file", 5, true]);
  deepEqual([of("b.txt")?.executable, of("a")?.type, of("pipe")?.type], [false, "directory", "other"]);
  deepEqual([of("link")?.type, of("link")?.target], ["symlink", "../outside"]);
  ok(!entries.some(({ path }) => path.startsWith("inside/") || path.startsWith("link/")));
  // Named itself, one that stays inside is a directory as any.
  deepEqual((await list(rig, { path: "inside" })).paths, ["inside/deep", "inside/x.py", "inside/y.ts"]);
});

Deno.test("pages of any size make the same list as one", async () => {
  await using rig = await FilesRig.open();
  const random = seededRandom(7);
  const names = ["a", "a.b", "a-b", "ab", "b", "é", "z z", "B", "~", "日本"];
  for (let count = 0; count < 60; count++) {
    const path = Array.from({ length: 1 + below(random, 4) }, () => pick(random, names)).join("/");
    await rig.file("write", { path: `${path}.f` }, "x").catch(() => {});
  }
  for (const glob of [undefined, "*.f", "a/**"]) {
    const input = { depth: 8, ...(glob === undefined ? {} : { glob }) };
    const whole = await list(rig, { ...input, limit: 5_000 });
    ok(whole.paths.length > 5 && !whole.more);
    for (const limit of [1, 2, 7]) {
      const paths: string[] = [];
      for (
        let page = await list(rig, { ...input, limit });;
        page = await list(rig, { ...input, limit, after: paths.at(-1) })
      ) {
        paths.push(...page.paths);
        ok(page.paths.length <= limit);
        if (!page.more) break;
      }
      deepEqual(paths, whole.paths);
    }
  }
  // Below a directory, and after something that is gone by then.
  await rig.file("write", { path: "q/1" }, "x");
  await rig.file("write", { path: "q/3" }, "x");
  deepEqual((await list(rig, { path: "q", after: "q/2" })).paths, ["q/3"]);
  match(await rig.refusal("list", { path: "q", after: "a" }), /^invalid: .*not below "q"/);
  match(await rig.refusal("list", { path: "q", after: "q/../.." }), /^invalid: .*"\.\."/);
});

Deno.test("names that are no UTF-8 are shown, and pages get past them", async () => {
  await using rig = await FilesRig.open();
  await rig.python(
    "[open(os.path.join(argument.encode(), name), 'w').close() for name in (b'a', b'\\xff1', b'\\xff2', b'z')]"
      .replace(/^/, "import os\n"),
    rig.root,
  );
  const seen: string[] = [];
  for (
    let page = await list(rig, { limit: 1 });
    seen.length < 10;
    page = await list(rig, { limit: 1, after: seen.at(-1) })
  ) {
    seen.push(...page.paths);
    if (!page.more) break;
  }
  deepEqual(seen, ["a", "z", "\ufffd1", "\ufffd2"]);
});

Deno.test("a directory that must not be read is listed, and not what is in it", async () => {
  await using rig = await FilesRig.open({ uid: 54_321 });
  await rig.file("write", { path: "closed/f" }, "x");
  await Deno.chmod(`${rig.root}/closed`, 0);
  deepEqual((await list(rig, { depth: 3 })).paths, ["closed"]);
  match(await rig.refusal("list", { path: "closed" }), /^forbidden: .*permissions/);
});

Deno.test("a directory with more names than can be listed is refused", async () => {
  await using rig = await FilesRig.open();
  await rig.python("import walks; walks.MAX_NAMES = 3");
  for (const path of ["1", "2", "3"]) await rig.file("write", { path }, "x");
  equal((await list(rig, {})).paths.length, 3);
  await rig.file("write", { path: "4" }, "x");
  match(await rig.refusal("list", {}), /^limit: .*more than 3 entries.*run\.command/);
});

// ---- patterns

const MATCHES: readonly (readonly [string, string[], string[]])[] = [
  ["*.py", ["a.py", "d/e/a.py", ".py"], ["a.pyc", "a.py/b"]],
  ["a?c", ["abc", "x/a.c", "aüc"], ["ac", "abbc"]],
  ["src/*.ts", ["src/a.ts"], ["src/b/a.ts", "x/src/a.ts", "a.ts"]],
  ["src/**/*.ts", ["src/a.ts", "src/b/a.ts", "src/b/c/a.ts"], ["src/a.js", "a.ts"]],
  ["**", ["a", "a/b"], []],
  ["**/x", ["x", "a/x", "a/b/x"], ["x/a"]],
  ["a/**", ["a/b", "a/b/c", "a"], ["b/a"]],
  ["/a", ["a"], ["b/a"]],
  ["*.{ts,py}", ["a.ts", "a.py"], ["a.js", "a.{ts,py}"]],
  ["{a,b{c,d}}/x", ["a/x", "bc/x", "bd/x"], ["b/x"]],
  ["[a-c]1", ["a1", "c1"], ["d1", "-1"]],
  ["[!a-c]1", ["d1"], ["a1"]],
  ["[^x]", ["y"], ["x"]],
  ["[]]", ["]"], ["["]],
  ["[a-]", ["a", "-"], ["b"]],
  ["[ab", ["[ab"], ["a"]],
  ["{a", ["{a"], ["a"]],
  ["a}", ["a}"], ["a"]],
  ["***", ["a", "abc"], []],
  ["dir/", ["dir", "x/dir"], ["dirs"]],
  ["", [], ["a"]],
];

Deno.test("patterns match as shells have them", async () => {
  await using rig = await FilesRig.open();
  const code = `
import globs, paths
def one(pattern, path):
    try:
        return globs.Glob(pattern).matches(path.split("/"))
    except paths.FileError as error:
        return False
result = [one(pattern, path) for pattern, path in argument]
`;
  for (const [pattern, yes, no] of MATCHES) {
    const cases = [...yes, ...no].map((path) => [pattern, path]);
    deepEqual(await rig.python(code, cases), [...yes.map(() => true), ...no.map(() => false)], pattern);
  }
});

Deno.test("no pattern takes long", async () => {
  await using rig = await FilesRig.open();
  const name = "a".repeat(255);
  const code = `
import globs, time
started = time.process_time()
result = [globs.Glob(pattern).matches(path.split("/")) for pattern, path in argument] + [time.process_time() - started]
`;
  const cases = [
    [`${"*a".repeat(500)}b`, name],
    [`${"**/a/".repeat(200)}b`, `${"a/".repeat(2_000)}a`],
    ["{a,b}{a,b}{a,b}{a,b}{a,b}*", name],
  ];
  const result = await rig.python(code, cases) as [boolean, boolean, boolean, number];
  deepEqual(result.slice(0, 3), [false, false, true]);
  ok(result[3] < 20, `${result[3]} s`);
  match(await rig.refusal("list", { glob: "{a,b}".repeat(8) }), /^invalid: .*more than 64 alternatives/);
  match(await rig.refusal("list", { glob: "/" }), /^invalid: .*matches nothing/);
});
