import { deepEqual, equal, match, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { below, pick, seededRandom } from "../../telemetry/testing/random.ts";
import { FilesRig } from "./testing/files_rig.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

interface Edit {
  old: string;
  new: string;
  all?: boolean;
}

async function edited(rig: FilesRig, content: string, edits: readonly Edit[]) {
  await rig.file("write", { path: "f" }, content);
  const { output } = await rig.file("edit", { path: "f", edits });
  return { ...output, content: await rig.text("f") } as {
    replacements: number;
    diff: string;
    content: string;
    size: number;
    sha256: string;
  };
}

Deno.test("an edit replaces what is there once, and shows the difference", async () => {
  await using rig = await FilesRig.open();
  const lines = Array.from({ length: 12 }, (_, at) => `line ${at + 1}`).join("\n") + "\n";
  const result = await edited(rig, lines, [{ old: "line 6\n", new: "line six\nand a half\n" }]);
  equal(result.content, lines.replace("line 6\n", "line six\nand a half\n"));
  equal(result.replacements, 1);
  equal(result.size, result.content.length);
  equal(result.sha256, sha256(result.content));
  equal(
    result.diff,
    "@@ -3,7 +3,8 @@\n line 3\n line 4\n line 5\n-line 6\n+line six\n+and a half\n line 7\n line 8\n line 9\n",
  );
});

Deno.test("edits come one after the other, on what those before have made", async () => {
  await using rig = await FilesRig.open();
  const result = await edited(rig, "a b c\n", [
    { old: "a", new: "x" },
    { old: "x b", new: "y" },
    { old: "c", new: "c c" },
    { old: "c", new: "d", all: true },
  ]);
  equal(result.content, "y d d\n");
  equal(result.replacements, 5);
  equal(result.diff, "@@ -1 +1 @@\n-a b c\n+y d d\n");
});

Deno.test("what is not there, or more than once, is named, and nothing is changed", async () => {
  await using rig = await FilesRig.open();
  const content = "one two\nthree two\r\nfour\r\n";
  await rig.file("write", { path: "f" }, content);
  const cases: readonly (readonly [Edit[], RegExp])[] = [
    [[{ old: "five", new: "x" }], /^invalid: edit 1 of "f": old is not there; nothing was changed/],
    [
      [{ old: "one", new: "1" }, { old: "two", new: "2" }],
      /^invalid: edit 2 of "f": old is there 2 times \(lines 1, 2\); make it longer.*set all/,
    ],
    [[{ old: "three two\nfour", new: "x" }], /lines end with \\r\\n, those of old with \\n/],
    [[{ old: "one  two", new: "x" }], /with other spaces or line ends/],
    [[{ old: "\ud800", new: "x" }], /^invalid: .*Unicode/],
  ];
  for (const [edits, message] of cases) {
    match(await rig.refusal("edit", { path: "f", edits }), message);
    equal(await rig.text("f"), content);
  }
  match(
    await rig.refusal("edit", { path: "g", edits: [{ old: "a", new: "b" }] }),
    /^not_found: .*fs\.write makes one/,
  );
});

Deno.test("ifSha256 has to be what is there", async () => {
  await using rig = await FilesRig.open();
  await rig.file("write", { path: "f" }, "one");
  const edits = [{ old: "one", new: "two" }];
  match(
    await rig.refusal("edit", { path: "f", edits, ifSha256: sha256("other") }),
    /^conflict: .*read it again/,
  );
  equal(
    (await rig.file("edit", { path: "f", edits, ifSha256: sha256("one") })).output["sha256"],
    sha256("two"),
  );
});

Deno.test("bytes that are no UTF-8 stay as they are", async () => {
  await using rig = await FilesRig.open();
  await Deno.writeFile(`${rig.root}/f`, new Uint8Array([0xff, 0x00, 0x61, 0x0a, 0xc3]));
  const { output } = await rig.file("edit", { path: "f", edits: [{ old: "a", new: "ü" }] });
  deepEqual([...await Deno.readFile(`${rig.root}/f`)], [0xff, 0x00, 0xc3, 0xbc, 0x0a, 0xc3]);
  match(String(output["diff"]), /\ufffd/);
});

Deno.test("an edit that changes nothing writes nothing", async () => {
  await using rig = await FilesRig.open();
  await rig.file("write", { path: "f" }, "same");
  const before = (await Deno.stat(`${rig.root}/f`)).ino;
  const { output } = await rig.file("edit", { path: "f", edits: [{ old: "same", new: "same" }] });
  equal(output["replacements"], 1);
  equal((await Deno.stat(`${rig.root}/f`)).ino, before);
});

Deno.test("files too large to edit are refused, before and after", async () => {
  await using rig = await FilesRig.open();
  await rig.file("write", { path: "f" }, "x".repeat(8 * 2 ** 20));
  match(
    await rig.refusal("edit", { path: "f", edits: [{ old: "x", new: "xx", all: true }] }),
    /^limit: .*would have 16777216 bytes/,
  );
  await rig.file("write", { path: "f", mode: "append" }, "y");
  match(await rig.refusal("edit", { path: "f", edits: [{ old: "y", new: "z" }] }), /^limit: .*run\.command/);
});

Deno.test("long differences are cut, very many changes are counted", async () => {
  await using rig = await FilesRig.open();
  const many = await edited(rig, "a\n".repeat(400), [{ old: "a", new: "b".repeat(100), all: true }]);
  ok(many.diff.length < 20_000);
  match(many.diff, /\(cut: it goes on\)\n$/);
  const more = await edited(rig, "a\n".repeat(4_000), [{ old: "a", new: "b", all: true }]);
  equal(more.diff, "(4000 replacements: too many to show)\n");
  equal(more.content, "b\n".repeat(4_000));
});

/** Applies a difference, by another program than ours. */
async function patched(content: string, diff: string): Promise<string> {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${directory}/f`, content);
    await Deno.writeTextFile(`${directory}/diff`, `--- f\n+++ f\n${diff}`);
    const { code, stdout, stderr } = await new Deno.Command("patch", {
      args: ["-s", "-i", "diff", "--fuzz=0", "f"],
      cwd: directory,
    }).output();
    ok(code === 0, new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) + diff);
    return await Deno.readTextFile(`${directory}/f`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("any difference, applied to the old content, gives the new", async () => {
  await using rig = await FilesRig.open();
  const random = seededRandom(20_261_122);
  const words = ["a", "b", "cc", "d\n", "\n", "e e\n", "f\nf\n", "g"];
  const some = (most: number) =>
    Array.from({ length: 1 + below(random, most) }, () => pick(random, words)).join("");
  let shown = 0;
  for (let round = 0; round < 150; round++) {
    const content = `${some(60)}\n`;
    let now = content;
    const edits: Edit[] = [];
    for (let count = 1 + below(random, 4); count > 0; count--) {
      const start = below(random, now.length);
      const old = now.slice(start, start + 1 + below(random, 12));
      const edit = { old, new: pick(random, ["", some(3), some(8)]), all: true };
      now = now.replaceAll(old, () => edit.new);
      edits.push(edit);
      if (now === "") break;
    }
    if (!now.endsWith("\n")) {
      now += "\n";
      continue;
    }
    const result = await edited(rig, content, edits);
    equal(result.content, now);
    if (result.diff === "") {
      equal(now, content);
      continue;
    }
    equal(await patched(content, result.diff), now, JSON.stringify({ content, edits, diff: result.diff }));
    shown++;
  }
  ok(shown > 60, `${shown} differences`);
});
