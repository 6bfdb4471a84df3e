import assert from "node:assert/strict";
import { SessionError } from "../../types.ts";
import { FakeSandbox } from "../testing/fake_sandbox.ts";
import { filesOf } from "./files.ts";

function rig(answer: (op: string) => Record<string, unknown>) {
  const sandbox = new FakeSandbox();
  sandbox.onFile = answer;
  return filesOf(sandbox, new AbortController().signal);
}

const missing = (code: "not_found" | "forbidden") => () => {
  throw new SessionError(code, "no");
};

Deno.test("names of a directory, and whether they are directories", async () => {
  const files = rig(() => ({ entries: [{ path: "a/b", type: "file" }, { path: "a/c", type: "directory" }] }));
  assert.deepEqual(await files.list("a"), [{ name: "b", isDirectory: false }, {
    name: "c",
    isDirectory: true,
  }]);
});

Deno.test("what is not there is nothing; what is refused is refused", async () => {
  assert.deepEqual(await rig(missing("not_found")).list("a"), []);
  assert.equal(await rig(missing("not_found")).text("a"), undefined);
  await assert.rejects(rig(missing("not_found")).isFile("a"), { code: "not_found" });
  await assert.rejects(rig(missing("forbidden")).list("a"), { code: "forbidden" });
  await assert.rejects(rig(missing("forbidden")).text("a"), { code: "forbidden" });
});

Deno.test("answers of other shapes are nothing", async () => {
  for (const answer of [{}, { entries: 3 }, { entries: [{ path: 1 }] }, { type: 4 }]) {
    assert.deepEqual(await rig(() => answer).list("a"), []);
    assert.equal(await rig(() => answer).isFile("a"), false);
    assert.equal(await rig(() => answer).text("a"), undefined);
  }
});

Deno.test("files and directories are told apart, and a file that is too long has no text", async () => {
  assert.equal(await rig(() => ({ type: "file" })).isFile("a"), true);
  assert.equal(await rig(() => ({ type: "directory" })).isFile("a"), false);
  assert.equal(await rig(() => ({ eof: true })).text("a"), "");
  assert.equal(await rig(() => ({ eof: false })).text("a"), undefined);
});
