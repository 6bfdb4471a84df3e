import assert from "node:assert/strict";
import { ToolError } from "../../errors.ts";
import type { SurfaceCall } from "../../surface.ts";
import { CALLER, toolRig } from "../../testing.ts";
import { artifactTool, artifactUri, MOST_RESOURCE_BYTES, sessionShelf } from "./artifacts.ts";
import { mimeTypeOf } from "./mime_types.ts";
import { SANDBOX_INSTRUCTIONS, sandboxTools } from "./mod.ts";
import { answeringSessions, RECORD, type SeenCall } from "./testing.ts";

const call = { caller: CALLER, signal: new AbortController().signal, now: Date.now } as SurfaceCall;
/** A session with one file, as a worker reads it. */
const withFile = (content: Uint8Array, size = content.length) =>
  answeringSessions(({ input }: SeenCall) => {
    const { offset = 0, length = 0 } = input as { offset?: number; length?: number };
    const body = content.subarray(offset, offset + length);
    const eof = offset + body.length >= size;
    const modifiedAt = "2026-11-22T10:00:00Z";
    return {
      output: { path: "a", size, offset, length: body.length, eof, modifiedAt, executable: false },
      body,
    };
  }, { list: () => Promise.resolve([RECORD]) });

Deno.test("a file is told as a resource, and read as what it is", async () => {
  const { sessions } = withFile(new Uint8Array([0x89, 0x50, 0xff]));
  const { output } = await toolRig().run(artifactTool(sessions), { path: "out/a plot.png" });
  const uri = `session://${RECORD.id}/out/a%20plot.png`;
  assert.deepEqual(output, {
    session: RECORD.id,
    uri,
    name: "a plot.png",
    mimeType: "image/png",
    size: 3,
    modifiedAt: "2026-11-22T10:00:00Z",
  });
  assert.deepEqual(await sessionShelf(sessions).read(uri, call), {
    uri,
    mimeType: "image/png",
    blob: "iVD/",
  });
  const { sessions: texts } = withFile(new TextEncoder().encode("é"));
  const text = `session://${RECORD.id}/a.md`;
  assert.deepEqual(await sessionShelf(texts).read(text, call), {
    uri: text,
    mimeType: "text/markdown",
    text: "é",
    verbatim: true,
  });
});

Deno.test("a file that is too large for one call is read in pieces, and one beyond all measure not at all", async () => {
  const large = new Uint8Array(8 * 2 ** 20 + 5).fill(0xff);
  const { sessions, seen } = withFile(large);
  const content = await sessionShelf(sessions).read(`session://${RECORD.id}/a.bin`, call);
  assert.ok("blob" in content);
  assert.equal(atob(content.blob).length, large.length);
  assert.deepEqual(seen.map(({ input }) => input["offset"]), [0, 8 * 2 ** 20]);
  const beyond = withFile(new Uint8Array(4), MOST_RESOURCE_BYTES + 1);
  const refused = sessionShelf(beyond.sessions).read(`session://${RECORD.id}/a.bin`, call);
  await assert.rejects(refused, (error) => error instanceof ToolError && error.code === "limit");
  const { output } = await toolRig().run(artifactTool(beyond.sessions), { path: "a.bin" });
  assert.match(String(output["warnings"]), /by ranges with fs\.read/);
});

Deno.test("other addresses are not found", async () => {
  const shelf = sessionShelf(withFile(new Uint8Array()).sessions);
  for (const uri of ["http://a/b", "session://", "session://x", "session://x/%zz", "session://a b/c"]) {
    await assert.rejects(
      shelf.read(uri, call),
      (error) => error instanceof ToolError && error.code === "not_found",
    );
  }
  assert.equal(artifactUri("s", "./a//b#c"), "session://s/a/b%23c");
  const { sessions } = withFile(new Uint8Array());
  const { code, message } = await toolRig().refuses(artifactTool(sessions), { path: "\udcff" });
  assert.equal(code, "invalid");
  assert.match(message, /no UTF-8 has no URI/);
});

Deno.test("files of sessions are listed, without those of a worker that is away", async () => {
  const entry = { size: 1, modifiedAt: "2026-11-22T10:00:00Z" };
  const { sessions } = answeringSessions(({ ref }) => {
    if (ref === "away") throw new Error("away");
    return {
      output: {
        entries: [
          { path: "no utf-8 \udcff", type: "file", ...entry },
          { path: "a.py", type: "file", ...entry },
          { path: "d", type: "directory", ...entry },
        ],
        more: false,
      },
    };
  }, { list: () => Promise.resolve([RECORD, { ...RECORD, id: "away" }, { ...RECORD, state: "creating" }]) });
  assert.deepEqual((await sessionShelf(sessions).list(undefined, call)).resources, [{
    uri: `session://${RECORD.id}/a.py`,
    name: "default/a.py",
    description: "1 bytes",
    mimeType: "text/x-python",
  }]);
});

Deno.test("what is unknown is bytes, and every tool has a name of its own", () => {
  assert.deepEqual([mimeTypeOf("a"), mimeTypeOf(".gz"), mimeTypeOf("a.constructor")], [
    "application/octet-stream",
    "application/gzip",
    "application/octet-stream",
  ]);
  const names = sandboxTools(answeringSessions(() => ({ output: {} })).sessions).map(({ name }) => name)
    .sort();
  assert.deepEqual(names, [
    "artifact.get",
    "echo",
    "fs.edit",
    "fs.list",
    "fs.read",
    "fs.search",
    "fs.write",
    "pkg.install",
    "process.input",
    "process.output",
    "process.signal",
    "run.command",
    "run.python",
    "session.checkpoint",
    "session.close",
    "session.create",
    "session.extend",
    "session.get",
    "session.list",
    "session.restore",
    "session.update",
    "test.run",
  ]);
  assert.ok(SANDBOX_INSTRUCTIONS.length < 1_000);
});
