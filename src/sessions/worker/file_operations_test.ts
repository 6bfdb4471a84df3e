import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { MAX_BODY_BYTES, OPERATIONS } from "../operations.ts";
import type { Sandbox } from "../sandbox/types.ts";
import { openTestHost } from "../sandbox/testing.ts";
import { SessionError } from "../types.ts";
import { carryOutFileOperation, FILE_OPERATIONS } from "./file_operations.ts";

const signal = () => AbortSignal.timeout(120_000);
const bytes = (text: string) => new TextEncoder().encode(text);

/** A sandbox that answers what it is told to, and keeps what it was asked. */
function fake(answer: Awaited<ReturnType<Sandbox["file"]>> | Error) {
  const asked: { op: string; input: unknown; body: Uint8Array | undefined }[] = [];
  return {
    asked,
    id: "sess-fake",
    file(op: string, input: unknown, body: Uint8Array | undefined) {
      asked.push({ op, input, body });
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
}

const READ = {
  path: "f",
  size: 3,
  offset: 0,
  length: 3,
  eof: true,
  modifiedAt: "2026-01-01T00:00:00.000Z",
  executable: false,
};

Deno.test("all operations on files and archives are known", () => {
  const names = OPERATIONS.map(({ name }) => name).filter((name) => /^(fs|archive)\./.test(name));
  deepEqual([...FILE_OPERATIONS].sort(), names.sort());
});

Deno.test("what is asked is filled in, and asked by its name in the sandbox", async () => {
  const sandbox = fake({ output: { ...READ, more: "than is known" }, body: bytes("abc") });
  const answer = await carryOutFileOperation(sandbox, "fs.read", { path: "f" }, undefined, signal());
  deepEqual(sandbox.asked, [{
    op: "read",
    input: { path: "f", offset: 0, length: 2 ** 20 },
    body: undefined,
  }]);
  deepEqual(answer, { output: READ, body: bytes("abc") });
});

Deno.test("nothing to write is an empty body", async () => {
  const sandbox = fake({ output: { path: "f", bytes: 0, size: 0, created: true } });
  await carryOutFileOperation(sandbox, "fs.write", { path: "f" }, undefined, signal());
  deepEqual(sandbox.asked[0]?.body, new Uint8Array());
});

Deno.test("what is asked wrongly does not get as far as the sandbox", async () => {
  const sandbox = fake(new Error("it was asked"));
  const cases:
    readonly (readonly [string, Record<string, unknown>, Uint8Array | undefined, string, RegExp])[] = [
      ["fs.chown", {}, undefined, "invalid", /knows no operation fs\.chown.*update the worker/],
      ["run.command", { command: "true" }, undefined, "invalid", /knows no operation/],
      ["fs.read", {}, undefined, "invalid", /fs\.read was asked wrongly: path: /],
      ["fs.read", { path: "f", length: MAX_BODY_BYTES + 1 }, undefined, "invalid", /length: /],
      ["fs.read", { path: "f" }, bytes("x"), "invalid", /takes no body/],
      ["fs.write", { path: "f" }, new Uint8Array(MAX_BODY_BYTES + 1), "limit", /send it in pieces/],
      ["archive.pack", { archive: "../x" }, undefined, "invalid", /archive: /],
    ];
  for (const [name, input, body, code, message] of cases) {
    await rejects(carryOutFileOperation(sandbox, name, input, body, signal()), (error) => {
      match((error as Error).message, message);
      return error instanceof SessionError && error.code === code;
    });
  }
  equal(sandbox.asked.length, 0);
});

Deno.test("answers that no sandbox of ours gives are refused", async () => {
  const entries = Array.from({ length: 3 }, () => ({ path: "f", type: "file", size: 1, modifiedAt: "" }));
  const matches = Array.from({ length: 3 }, () => ({ path: "f", line: 1, text: "" }));
  const cases: readonly (readonly [string, Record<string, unknown>, Awaited<ReturnType<Sandbox["file"]>>])[] =
    [
      ["fs.read", { path: "f" }, { output: {} }],
      ["fs.read", { path: "f" }, { output: { ...READ, size: "3" }, body: bytes("abc") }],
      ["fs.read", { path: "f" }, { output: READ, body: bytes("abcd") }],
      ["fs.read", { path: "f", length: 2 }, { output: READ, body: bytes("abc") }],
      ["fs.write", { path: "f" }, {
        output: { path: "f", bytes: 1, size: 1, created: true, sha256: "no hash" },
      }],
      ["fs.list", { limit: 2 }, { output: { entries, more: false } }],
      ["fs.list", {}, { output: { entries: [{ ...entries[0], type: "door" }], more: false } }],
      ["fs.search", { query: "x", limit: 2 }, { output: { matches, files: 1, more: false } }],
      ["archive.read", { archive: "arch-a", offset: 0, length: 2 }, {
        output: { size: 3 },
        body: bytes("abc"),
      }],
    ];
  for (const [name, input, answer] of cases) {
    await rejects(carryOutFileOperation(fake(answer), name, input, undefined, signal()), (error) => {
      match(
        (error as Error).message,
        /^the sandbox of sess-fake answered .* as no sandbox of ours does \(.*close this session/,
      );
      return error instanceof SessionError && error.code === "failed";
    });
  }
});

Deno.test("errors come through with their code, and not at any length", async () => {
  const ask = (error: Error) =>
    carryOutFileOperation(fake(error), "fs.read", { path: "f" }, undefined, signal());
  await rejects(ask(new SessionError("not_found", "there is none")), {
    code: "not_found",
    message: "there is none",
  });
  await rejects(ask(new SessionError("limit", "x".repeat(100_000))), (error) => {
    equal((error as Error).message.length, 2_001);
    return (error as SessionError).code === "limit";
  });
  const reason = new DOMException("stopped", "AbortError");
  await rejects(ask(reason), (error) => error === reason);
});

Deno.test("every operation works in a real sandbox, as its schemas have it", async () => {
  await using rig = await openTestHost();
  const sandbox = await rig.open();
  const ask = async (name: string, input: Record<string, unknown>, body?: Uint8Array) => {
    const answer = await carryOutFileOperation(sandbox, name, input, body, signal());
    return { output: answer.output, text: new TextDecoder().decode(answer.body) };
  };
  deepEqual((await ask("fs.write", { path: "d/f" }, bytes("one\ntwo\n"))).output["created"], true);
  equal((await ask("fs.read", { path: "d/f" })).text, "one\ntwo\n");
  equal(
    (await ask("fs.edit", { path: "d/f", edits: [{ old: "two", new: "three" }] })).output["diff"],
    "@@ -1,2 +1,2 @@\n one\n-two\n+three\n",
  );
  const list = (await ask("fs.list", { depth: 3 })).output as { entries: { path: string }[] };
  deepEqual(list.entries.map(({ path }) => path), ["d", "d/f"]);
  const search = (await ask("fs.search", { query: "thr", context: 1 })).output as { matches: unknown[] };
  deepEqual(search.matches, [{ path: "d/f", line: 2, text: "three", before: ["one"], after: [] }]);
  const packed = (await ask("archive.pack", { archive: "arch-a" })).output;
  const { text, output } = await ask("archive.read", { archive: "arch-a", offset: 0, length: 2 ** 20 });
  deepEqual([output["size"], text.length > 0], [packed["size"], true]);
  await ask("fs.write", { path: "d/f" }, bytes("changed"));
  await ask("archive.unpack", { archive: "arch-a", sha256: packed["sha256"] });
  equal((await ask("fs.read", { path: "d/f" })).text, "one\nthree\n");
  await ask("archive.write", { archive: "arch-b", offset: 0 }, bytes("piece"));
  await ask("archive.drop", { archive: "arch-b" });
  await rejects(ask("fs.read", { path: "nothing" }), { code: "not_found" });
  await rejects(ask("archive.read", { archive: "arch-b", offset: 0, length: 1 }), { code: "not_found" });
});

Deno.test("an expression that takes for ever does not keep the session from other calls", async () => {
  await using rig = await openTestHost();
  const sandbox = await rig.open();
  await carryOutFileOperation(sandbox, "fs.write", { path: "f" }, bytes(`${"a".repeat(60)}!\n`), signal());
  const stop = new AbortController();
  const search = carryOutFileOperation(
    sandbox,
    "fs.search",
    { query: "(a+)+$", regex: true },
    undefined,
    stop.signal,
  );
  const refused = rejects(search, /stopped/);
  const read = await carryOutFileOperation(sandbox, "fs.read", { path: "f" }, undefined, signal());
  equal(read.output["size"], 62);
  stop.abort(new Error("stopped"));
  await refused;
});
