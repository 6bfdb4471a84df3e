import assert from "node:assert/strict";
import { SessionError } from "../../../sessions/types.ts";
import { toolRig } from "../../testing.ts";
import { fileTools } from "./files.ts";
import { type Answer, answeringSessions, RECORD, type SeenCall } from "./testing.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const tool = (name: string, answer: (call: SeenCall) => Answer) => {
  const { sessions, seen } = answeringSessions(answer);
  return { tool: fileTools(sessions).find((one) => one.name === name)!, seen };
};
const fileOf = (content: Uint8Array, { offset = 0, size = content.length, path = "a.txt" } = {}): Answer => ({
  output: {
    path,
    size,
    offset,
    length: content.length,
    eof: offset + content.length === size,
    modifiedAt: "2026-11-22T10:00:00Z",
    executable: false,
  },
  body: content,
});

Deno.test("a file is read as it is, secrets and all, in the session that is named or in none", async () => {
  const text = "password: hunter2-hunter2\n";
  const { tool: read, seen } = tool("fs.read", () => fileOf(bytes(text)));
  const rig = toolRig();
  const answer = await rig.run(read, { path: "a.txt" });
  assert.equal(answer.text, text);
  assert.deepEqual(answer.output, {
    session: RECORD.id,
    path: "a.txt",
    content: text,
    encoding: "utf-8",
    size: text.length,
    offset: 0,
    length: text.length,
    eof: true,
    modifiedAt: "2026-11-22T10:00:00Z",
    executable: false,
  });
  await rig.run(read, { path: "a.txt", session: "other", offset: 5, length: 7 });
  assert.deepEqual(seen.map(({ ref, owner, operation, input }) => [ref, owner, operation, input]), [
    [undefined, "ann", "fs.read", { path: "a.txt", offset: 0, length: 262_144 }],
    ["other", "ann", "fs.read", { path: "a.txt", offset: 5, length: 7 }],
  ]);
});

Deno.test("a range says where the next begins, and cuts no character", async () => {
  const { tool: read } = tool("fs.read", () => fileOf(bytes("né").subarray(0, 2), { size: 3 }));
  const { output } = await toolRig().run(read, { path: "a.txt", length: 2 });
  assert.deepEqual([output["content"], output["length"], output["eof"]], ["n", 1, false]);
  assert.deepEqual(output["warnings"], ["There is more: go on with offset 1 (of 3 bytes)."]);
});

Deno.test("binary files come in base64, and lines by their number", async () => {
  const { tool: binary } = tool("fs.read", () => fileOf(new Uint8Array([0, 255])));
  assert.equal((await toolRig().run(binary, { path: "x" })).output["encoding"], "base64");
  const { tool: read } = tool("fs.read", () => fileOf(bytes("one\ntwé\nthree\nfour")));
  const rig = toolRig();
  const lines = async (args: Record<string, unknown>) => {
    const { content, offset, length, lines, eof } = (await rig.run(read, { path: "a", ...args })).output;
    return [content, offset, length, lines, eof];
  };
  assert.deepEqual(await lines({ line: 2, lines: 2 }), ["twé\nthree\n", 4, 11, 2, false]);
  assert.deepEqual(await lines({ line: 4 }), ["four", 15, 4, 1, true]);
  assert.deepEqual(await lines({ lines: 1 }), ["one\n", 0, 4, 1, false]);
  assert.match(
    (await rig.refuses(read, { path: "a", line: 9 })).message,
    /a\.txt has no line 9: it has 4 lines/,
  );
  assert.match((await rig.refuses(read, { path: "a", line: 1, offset: 1 })).message, /either line and lines/);
});

Deno.test("a file is written as text or as bytes, at once and without a question", async () => {
  const sha256 = "0".repeat(64);
  const { tool: write, seen } = tool("fs.write", ({ body }) => ({
    output: { path: "d/a", bytes: body!.length, size: body!.length, sha256, created: true },
  }));
  const rig = toolRig();
  const answer = await rig.run(write, { path: "d/a", contents: "né" });
  assert.deepEqual([answer.text, answer.changed], ["Made d/a: 3 bytes.", true]);
  await rig.run(write, {
    path: "d/a",
    contents: "AP8=",
    encoding: "base64",
    mode: "append",
    ifSha256: sha256,
  });
  assert.deepEqual(seen.map(({ input, body }) => [input, [...body!]]), [
    [{ path: "d/a", mode: "replace" }, [...bytes("né")]],
    [{ path: "d/a", mode: "append", ifSha256: sha256 }, [0, 255]],
  ]);
  assert.match((await rig.refuses(write, { path: "d/a" })).message, /contents/);
  assert.match((await rig.refuses(write, { path: "", contents: "" })).message, /path/);
  const large = "a".repeat(8 * 2 ** 20 + 1);
  assert.match((await rig.refuses(write, { path: "d/a", contents: large })).message, /mode append/);
});

Deno.test("lists, edits and searches are told in a few lines", async () => {
  const at = { size: 3, modifiedAt: "2026-11-22T10:00:00Z" };
  const { tool: list } = tool("fs.list", () => ({
    output: {
      entries: [
        { path: "d", type: "directory", ...at },
        { path: "a.txt", type: "file", ...at },
        { path: "l", type: "symlink", target: "a.txt", ...at },
      ],
      more: true,
    },
  }));
  assert.equal((await toolRig().run(list)).text, 'd/\na.txt (3)\nl -> a.txt\n… more: after "l"');
  const { tool: none } = tool("fs.list", () => ({ output: { entries: [], more: false } }));
  assert.equal((await toolRig().run(none)).text, "no files");
  const { tool: edit } = tool("fs.edit", () => ({
    output: { path: "a", replacements: 2, size: 3, sha256: "0".repeat(64), diff: "-a\n+b" },
  }));
  const edits = [{ old: "a", new: "b", all: true }];
  assert.equal((await toolRig().run(edit, { path: "a", edits })).text, "Edited a: 2 replaced.\n-a\n+b");
  const { tool: search } = tool("fs.search", () => ({
    output: {
      matches: [{ path: "a", line: 7, text: "x = 1", before: ["# x"], after: ["y"] }],
      files: 2,
      more: false,
    },
  }));
  assert.equal(
    (await toolRig().run(search, { query: "x" })).text,
    "a-6- # x\na:7: x = 1\na-8- y\n1 in 2 files searched",
  );
});

Deno.test("what a session refuses is told as it is", async () => {
  const { tool: read } = tool("fs.read", () => {
    throw new SessionError("forbidden", "fs.read: ../a: a path must stay in the session's directory");
  });
  const error = await toolRig().refuses(read, { path: "../a" });
  assert.deepEqual([error.code, error.message], [
    "forbidden",
    "fs.read: ../a: a path must stay in the session's directory",
  ]);
});
