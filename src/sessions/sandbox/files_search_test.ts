import { deepEqual, equal, match, ok } from "node:assert/strict";
import { FilesRig } from "./testing/files_rig.ts";

interface Match {
  path: string;
  line: number;
  text: string;
  before?: string[];
  after?: string[];
}

async function search(rig: FilesRig, input: Record<string, unknown>) {
  const { output } = await rig.file("search", input);
  return output as unknown as { matches: Match[]; files: number; more: boolean };
}

const short = ({ matches }: { matches: Match[] }) =>
  matches.map(({ path, line, text }) => `${path}:${line}:${text}`);

Deno.test("a text is found line by line, as it is", async () => {
  await using rig = await FilesRig.open();
  await rig.file("write", { path: "a.txt" }, "one (x)\r\ntwo\nthree one.x\n");
  await rig.file("write", { path: "d/b.txt" }, "none\nOne (X)");
  deepEqual(
    short(await search(rig, { query: "one" })),
    ["a.txt:1:one (x)", "a.txt:3:three one.x", "d/b.txt:1:none"],
  );
  deepEqual(short(await search(rig, { query: "(x)" })), ["a.txt:1:one (x)"]);
  deepEqual(short(await search(rig, { query: "(x)", ignoreCase: true })), [
    "a.txt:1:one (x)",
    "d/b.txt:2:One (X)",
  ]);
  deepEqual(short(await search(rig, { query: "one", path: "a.txt" })), [
    "a.txt:1:one (x)",
    "a.txt:3:three one.x",
  ]);
  deepEqual(short(await search(rig, { query: "o", path: "d" })), ["d/b.txt:1:none"]);
  equal((await search(rig, { query: "nothing like it" })).files, 2);
});

Deno.test("an expression is found in lines, and one that is none is refused", async () => {
  await using rig = await FilesRig.open();
  await rig.file("write", { path: "a" }, "foo1\nbar22\nfoo333 bar\nÜber\n");
  deepEqual(short(await search(rig, { query: "^foo\\d+$", regex: true })), ["a:1:foo1"]);
  deepEqual(short(await search(rig, { query: "\\d{2,}", regex: true })), ["a:2:bar22", "a:3:foo333 bar"]);
  deepEqual(short(await search(rig, { query: "üb", regex: true, ignoreCase: true })), ["a:4:Über"]);
  for (const query of ["(", "[a", "*", "(?P<x", "a{99999999999}"]) {
    match(
      await rig.refusal("search", { query, regex: true }),
      /^invalid: the expression .* cannot be read: .*leave regex out/,
    );
  }
});

Deno.test("lines around are shown, also where matches are neighbours", async () => {
  await using rig = await FilesRig.open();
  await rig.file("write", { path: "a" }, "1\n2\nx3\nx4\n5\n6\n");
  const { matches } = await search(rig, { query: "x", context: 2 });
  deepEqual(matches, [
    { path: "a", line: 3, text: "x3", before: ["1", "2"], after: ["x4", "5"] },
    { path: "a", line: 4, text: "x4", before: ["2", "x3"], after: ["5", "6"] },
  ]);
  deepEqual((await search(rig, { query: "1", context: 1 })).matches[0]?.before, []);
  deepEqual((await search(rig, { query: "6", context: 1 })).matches[0]?.after, []);
});

Deno.test("a limit is kept, and there is more only where there is", async () => {
  await using rig = await FilesRig.open();
  for (const path of ["a", "b"]) await rig.file("write", { path }, "x\nx\n");
  const cut = await search(rig, { query: "x", limit: 3 });
  deepEqual([cut.matches.length, cut.more], [3, true]);
  const all = await search(rig, { query: "x", limit: 4 });
  deepEqual([all.matches.length, all.more], [4, false]);
});

Deno.test("the last match has its lines after it, even where the limit ends the search", async () => {
  await using rig = await FilesRig.open();
  await rig.file("write", { path: "a" }, "x\n2\nx\n4\n");
  const cut = await search(rig, { query: "x", limit: 1, context: 1 });
  deepEqual(cut, {
    matches: [{ path: "a", line: 1, text: "x", before: [], after: ["2"] }],
    files: 1,
    more: true,
  });
});

Deno.test("what is no text, too large or nobody's is left out; directories nobody means are passed by", async () => {
  await using rig = await FilesRig.open();
  await Deno.writeFile(`${rig.root}/binary`, new TextEncoder().encode("needle\0"));
  await Deno.writeFile(
    `${rig.root}/latin1`,
    new Uint8Array([0xfc, 0x20, ...new TextEncoder().encode("needle")]),
  );
  for (const path of ["node_modules/x/i.js", ".git/config", "src/node_modules/y.js", "src/f.js"]) {
    await rig.file("write", { path }, "needle\n");
  }
  await new Deno.Command("mkfifo", { args: [`${rig.root}/pipe`] }).output();
  await Deno.writeTextFile(`${rig.outside}/f`, "needle");
  await Deno.symlink("../outside/f", `${rig.root}/out`);
  await Deno.symlink("src/f.js", `${rig.root}/again`);
  deepEqual(short(await search(rig, { query: "needle" })), ["latin1:1:\ufffd needle", "src/f.js:1:needle"]);
  deepEqual(short(await search(rig, { query: "needle", path: "node_modules" })), [
    "node_modules/x/i.js:1:needle",
  ]);
  deepEqual(short(await search(rig, { query: "needle", glob: ".git/**" })), [".git/config:1:needle"]);
  deepEqual(short(await search(rig, { query: "needle", glob: "*.js" })), ["src/f.js:1:needle"]);
  match(await rig.refusal("search", { query: "needle", path: "pipe" }), /^invalid/);
  await rig.python("import search; search.MAX_FILE = 5");
  deepEqual(short(await search(rig, { query: "needle" })), []);
});

Deno.test("lines are counted right across blocks, whatever their length", async () => {
  await using rig = await FilesRig.open();
  const lines = Array.from(
    { length: 400 },
    (_, at) => `${at % 7 === 0 ? "NEEDLE" : "hay"} ${"x".repeat((at * 7_919) % 20_000)}`,
  );
  await rig.file("write", { path: "f" }, lines.join("\n"));
  for (const more of [{}, { context: 1 }, { regex: true }, { ignoreCase: true }]) {
    const { matches } = await search(rig, { query: "NEEDLE", limit: 1_000, ...more });
    deepEqual(
      matches.map(({ line }) => line),
      lines.flatMap((line, at) => line.startsWith("NEEDLE") ? [at + 1] : []),
    );
    ok(matches.every(({ text }) => text.length <= 501));
  }
});

Deno.test("a line without an end is looked at from its begin", async () => {
  await using rig = await FilesRig.open();
  await rig.file("write", { path: "f" }, `needle${"x".repeat(3 * 2 ** 20)}\nsecond needle\n`);
  for (const more of [{}, { context: 1 }]) {
    const { matches } = await search(rig, { query: "needle", ...more });
    deepEqual(matches.map(({ line, text }) => `${line} ${text.slice(0, 13)}`), [
      "1 needlexxxxxxx",
      "2 second needle",
    ]);
  }
});

Deno.test("an expression that would take for ever ends, and says so", async () => {
  await using rig = await FilesRig.open({ timeoutMs: 300_000 });
  await rig.file("write", { path: "f" }, `${"a".repeat(40)}!\n`);
  await rig.python("import files; files.CHILD_CPU_SECONDS['search'] = 1");
  match(
    await rig.refusal("search", { query: "(a+)+$", regex: true }, undefined, { fork: true }),
    /^limit: search took more than 1 s of CPU time; give a simpler expression/,
  );
  // Whoever asked goes on.
  equal((await search(rig, { query: "aaa" })).matches.length, 1);
});

Deno.test("which operations are long is known", async () => {
  await using rig = await FilesRig.open();
  const cases: readonly (readonly [string, Record<string, unknown>, boolean])[] = [
    ["read", {}, false],
    ["write", {}, false],
    ["search", {}, true],
    ["pack", {}, true],
    ["unpack", {}, true],
    ["archive_read", {}, false],
    ["list", { depth: 1 }, false],
    ["list", { depth: 2 }, true],
    ["edit", { edits: [{ old: "x", new: "y" }] }, false],
    ["edit", { edits: [{ old: "x".repeat(5_000), new: "y" }] }, true],
    ["edit", { edits: Array(9).fill({ old: "x", new: "y" }) }, true],
  ];
  const asked = cases.map(([op, input]) => [op, input]);
  deepEqual(
    await rig.python("import files\nresult = [files.is_long(*each) for each in argument]", asked),
    cases.map(([, , long]) => long),
  );
});
